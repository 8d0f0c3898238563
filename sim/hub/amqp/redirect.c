/*
 * messages/events at the hub's name: the built-in endpoint is at its Event Hubs-compatible
 * name, and whoever asks here is told so. That is on this server too; its host is the
 * hub's own, which the client has just found, and the certificate has.
 */
#include <stdio.h>
#include <string.h>

#include "amqp/connection.h"
#include "amqp/server.h"
#include "log.h"

void amqp_entity(const struct hub *hub, char *to, size_t room)
{
	snprintf(to, room, "iothub-ehub-%.*s", (int)strcspn(hub->host, "."), hub->host);
}

static void put(pn_data_t *map, const char *name, const char *text)
{
	pn_data_put_symbol(map, pn_bytes(strlen(name), name));
	pn_data_put_string(map, pn_bytes(strlen(text), text));
}

static void put_place(pn_data_t *info, const struct hub *hub, const char *rest)
{
	static const char port[] = "port";
	char address[600], entity[PLACE_ENTITY_MAX];

	amqp_entity(hub, entity, sizeof(entity));
	snprintf(address, sizeof(address), "amqps://%s:%u/%s%s", hub->host,
		 hub->amqp_port, entity, rest);
	pn_data_put_map(info);
	pn_data_enter(info);
	put(info, "hostname", hub->host);
	put(info, "network-host", hub->host);
	pn_data_put_symbol(info, pn_bytes(sizeof(port) - 1, port));
	pn_data_put_int(info, (int)hub->amqp_port);
	put(info, "address", address);
	pn_data_exit(info);
}

static bool open_elsewhere(struct node *node)
{
	struct hub *hub = node_hub(node);
	struct place place;
	char path[sizeof(node->name) + 32];
	const char *rest;

	/* the node's own points into memory that is proton's, and may be gone */
	rest = place_parse(&place, node->name) && place.rest ? place.rest : "";
	snprintf(path, sizeof(path), "/messages/events%s", rest);
	if (!service_enter(node, path))
		return false;
	pn_link_open(node->link);
	pn_condition_set_name(pn_link_condition(node->link), "amqp:link:redirect");
	pn_condition_set_description(pn_link_condition(node->link),
				     "the built-in endpoint is at another address");
	put_place(pn_condition_info(pn_link_condition(node->link)), hub, rest);
	pn_link_close(node->link);
	node->connection->open_by_ms = INT64_MAX;
	log_detail("AMQP %s: %s is redirected", node->connection->peer, node->name);
	return false;
}

const struct node_kind node_redirect_in = {
	.name = "sender",
	.bytes = sizeof(struct node),
	.open = open_elsewhere,
};

const struct node_kind node_redirect_out = {
	.name = "receiver",
	.sends = true,
	.bytes = sizeof(struct node),
	.open = open_elsewhere,
};
