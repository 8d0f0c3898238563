/*
 * Direct methods at a device: requests by one link and answers by another, which have the
 * request's correlation-id. That is a UUID, as Microsoft's C SDK insists on it; the hub's
 * own number is in it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/attached.h"
#include "amqp/server.h"
#include "log.h"

#define ANSWER_MAX (METHOD_PAYLOAD_MAX + 16384)

static void take_methods(struct node *node, bool takes)
{
	struct hub *hub = node_hub(node);

	lock_take(&hub->lock);
	node->attached->takes_methods = takes;
	if (takes)
		method_ready(hub, &node->attached->presence);
	lock_give(&hub->lock);
}

static bool open_out(struct node *node)
{
	if (!attached_enter(node))
		return false;
	take_methods(node, true);
	return true;
}

static void close_out(struct node *node)
{
	if (node->attached)
		take_methods(node, false);
}

/* Version 4 and variant 1 by its digits, which some clients look at. */
static pn_uuid_t uuid_of(const char *rid)
{
	unsigned long long number = strtoull(rid, NULL, 16);
	pn_uuid_t uuid = { { 0 } };

	for (int i = 0; i < 4; i++) {
		uuid.bytes[i] = (char)(number >> (56 - 8 * i));
		uuid.bytes[12 + i] = (char)(number >> (24 - 8 * i));
	}
	uuid.bytes[6] = 0x40;
	uuid.bytes[8] = (char)0x80;
	return uuid;
}

/* Of a UUID as text. */
static bool rid_of(const char *uuid, char rid[METHOD_RID_TEXT])
{
	if (strlen(uuid) != 36)
		return false;
	snprintf(rid, METHOD_RID_TEXT, "%llx",
		 strtoull(uuid, NULL, 16) << 32 | strtoull(uuid + 28, NULL, 16));
	return true;
}

void methods_send(struct node *node, const char *name, const char *rid,
		  const char *payload, size_t len)
{
	const struct message_property property = { "IoThub-methodname", name };
	const struct message with = { .properties = &property,
				      .property_count = 1,
				      .body = payload,
				      .body_len = len };
	pn_atom_t id = { .type = PN_UUID, .u.as_uuid = uuid_of(rid) };
	pn_message_t *message = pn_message();

	if (!message)
		return;
	content_fill(message, &with);
	pn_message_set_correlation_id(message, id);
	node_send_message(node, message);
	pn_message_free(message);
}

static bool take(struct node *node, pn_delivery_t *delivery, const char *bytes,
		 size_t len)
{
	struct hub *hub = node_hub(node);
	struct content *content = &node->connection->server->content;
	const char *wrong = content_decode(content, bytes, len);
	const char *id = content->message.texts[MESSAGE_CORRELATION_ID];
	const char *status = wrong ? NULL : content_property(content, "IoThub-status");
	char rid[METHOD_RID_TEXT];
	bool wanted;

	if (!wrong && (!id || !rid_of(id, rid)))
		wrong = "its correlation-id is that of no request";
	if (!wrong && !status)
		wrong = "it has no IoThub-status";
	if (wrong) {
		node_reject(node, delivery, "com.microsoft:argument-error", "%s", wrong);
		return true;
	}
	lock_take(&hub->lock);
	wanted = method_answer(hub, &node->attached->presence, rid, atoi(status),
			       content->message.body, content->message.body_len);
	lock_give(&hub->lock);
	if (!wanted)
		log_event("AMQP %s: %s: nobody gets the answer to a method",
			  node->connection->peer, node->name);
	node_accept(node, delivery);
	return true;
}

const struct node_kind node_methods_in = {
	.name = "device, sender",
	.bytes = sizeof(struct node),
	.credit = 100,
	.message_max = ANSWER_MAX,
	.open = attached_enter,
	.take = take,
};

const struct node_kind node_methods_out = {
	.name = "device, receiver",
	.sends = true,
	.bytes = sizeof(struct node),
	.open = open_out,
	.close = close_out,
};
