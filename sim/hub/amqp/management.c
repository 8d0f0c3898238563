/* $management of Event Hubs: what there is to be read. */
#include <stdio.h>
#include <strings.h>

#include "amqp/request.h"
#include "amqp/server.h"
#include "clock.h"
#include "log.h"

#define REQUEST_MAX 65536

static void put_name(pn_data_t *map, const char *name)
{
	pn_data_put_string(map, pn_bytes(strlen(name), name));
}

static void put_text(pn_data_t *map, const char *name, const char *text)
{
	put_name(map, name);
	put_name(map, text);
}

static void put_time(pn_data_t *map, const char *name, int64_t unix_ms)
{
	put_name(map, name);
	pn_data_put_timestamp(map, unix_ms == TIME_NONE ? 0 : unix_ms);
}

static void put_long(pn_data_t *map, const char *name, int64_t value)
{
	put_name(map, name);
	pn_data_put_long(map, value);
}

static void describe_hub(pn_data_t *map, struct hub *hub, const char *entity)
{
	unsigned count = events_partitions(hub->events);
	char number[12];

	put_text(map, "name", entity);
	put_text(map, "type", "com.microsoft:eventhub");
	put_time(map, "created_at", events_made_ms(hub->events));
	put_name(map, "partition_count");
	pn_data_put_int(map, (int)count);
	put_name(map, "partition_ids");
	pn_data_put_array(map, false, PN_STRING);
	pn_data_enter(map);
	for (unsigned i = 0; i < count; i++) {
		snprintf(number, sizeof(number), "%u", i);
		put_name(map, number);
	}
	pn_data_exit(map);
}

static void describe_partition(pn_data_t *map, struct hub *hub, const char *entity,
			       const char *partition, unsigned index)
{
	struct partition_info info = events_info(hub->events, index);
	char offset[24];

	snprintf(offset, sizeof(offset), "%lld", (long long)info.last_offset);
	put_text(map, "name", entity);
	put_text(map, "type", "com.microsoft:partition");
	put_text(map, "partition", partition);
	put_long(map, "begin_sequence_number", info.begin);
	put_long(map, "last_enqueued_sequence_number", info.last);
	put_text(map, "last_enqueued_offset", offset);
	put_time(map, "last_enqueued_time_utc", info.last_ms);
	put_name(map, "is_partition_empty");
	pn_data_put_bool(map, info.empty);
}

/* 200, or what is wrong. */
static int answer(struct node *node, const struct content *request, pn_data_t *body,
		  char *why, size_t why_bytes)
{
	struct hub *hub = node_hub(node);
	const char *operation = content_property(request, "operation");
	const char *type = content_property(request, "type");
	const char *partition = content_property(request, "partition");
	const char *name = content_property(request, "name");
	char entity[PLACE_ENTITY_MAX], path[PLACE_ENTITY_MAX + 32];
	unsigned long long index = 0;

	amqp_entity(hub, entity, sizeof(entity));
	snprintf(path, sizeof(path), "/%s/$management", entity);
	if (!operation || strcmp(operation, "READ") != 0 || !type) {
		snprintf(why, why_bytes, "the operation is not READ, or has no type");
		return 400;
	}
	if (!name || strcasecmp(name, entity) != 0) {
		snprintf(why, why_bytes, "there is no '%s' here, but %s",
			 name ? name : "", entity);
		return 404;
	}
	if (!claims_find(&node->connection->claims, hub, RIGHT_SERVICE_CONNECT, path, why,
			 why_bytes))
		return 401;
	pn_data_put_map(body);
	pn_data_enter(body);
	if (strcmp(type, "com.microsoft:eventhub") == 0) {
		describe_hub(body, hub, entity);
	} else if (strcmp(type, "com.microsoft:partition") != 0) {
		snprintf(why, why_bytes, "there is nothing of the type %s", type);
		return 400;
	} else if (!partition ||
		   !parse_whole(partition, strlen(partition),
				events_partitions(hub->events) - 1, &index)) {
		snprintf(why, why_bytes, "there is no partition '%s'",
			 partition ? partition : "");
		return 404;
	} else {
		describe_partition(body, hub, entity, partition, (unsigned)index);
	}
	pn_data_exit(body);
	return 200;
}

static bool open_known(struct node *node)
{
	if (node->connection->claims.count)
		return true;
	node_refuse(node, "amqp:unauthorized-access", "there is no token");
	return false;
}

static bool take(struct node *node, pn_delivery_t *delivery, const char *bytes,
		 size_t len)
{
	struct content *request = &node->connection->server->content;
	const char *wrong = content_decode(request, bytes, len);
	struct reply reply;
	char why[400] = "OK";
	int status;

	/* the body may be anything: nobody asks for it */
	if (wrong && !request->message.property_count) {
		node_reject(node, delivery, "amqp:decode-error", "%s", wrong);
		return true;
	}
	node_accept_request(node, delivery);
	if (!reply_open(&reply, node, &node_management_out, request))
		return true;
	status = answer(node, request, pn_message_body(reply.message), why, sizeof(why));
	if (status != 200) {
		pn_data_clear(pn_message_body(reply.message));
		log_event("AMQP %s: $management: %s", node->connection->peer, why);
	}
	reply_status(&reply, status, why);
	reply_send(&reply);
	return true;
}

const struct node_kind node_management_in = {
	.name = "sender",
	.bytes = sizeof(struct node),
	.credit = 100,
	.message_max = REQUEST_MAX,
	.open = open_known,
	.take = take,
};

const struct node_kind node_management_out = {
	.name = "receiver",
	.sends = true,
	.bytes = sizeof(struct node),
	.open = open_known,
};
