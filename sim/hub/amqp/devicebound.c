/* Cloud-to-device messages, from the service. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "amqp/server.h"

#define ENCODED_MAX (MESSAGE_C2D_MAX + 16384)
#define PATH        "/messages/devicebound"

static bool open_devicebound(struct node *node)
{
	return service_enter(node, PATH);
}

/* The property is the hub's, and not the device's. False: it is none of the four. */
static bool take_ack(struct content *content, enum c2d_ack *ack)
{
	struct message *message = &content->message;
	size_t kept = 0;
	bool good = true;

	*ack = ACK_NONE;
	for (size_t i = 0; i < message->property_count; i++) {
		struct message_property *property = &content->properties[i];

		if (strcmp(property->name, "iothub-ack") == 0)
			good = property->value && c2d_ack_parse(property->value, ack);
		else
			content->properties[kept++] = *property;
	}
	message->property_count = kept;
	return good;
}

struct refusal {
	const char *condition;
	const char *why;
};

static struct refusal refusal_of(enum c2d_sent sent)
{
	switch (sent) {
	case C2D_FULL:
		return (struct refusal){ "amqp:resource-limit-exceeded",
					 "the device's queue has 50 messages" };
	case C2D_TOO_LONG:
		return (struct refusal){ "amqp:link:message-size-exceeded",
					 "the message has more than 65536 bytes" };
	case C2D_EXPIRED:
		return (struct refusal){ "com.microsoft:argument-error",
					 "the message has expired already" };
	default:
		return (struct refusal){ "amqp:internal-error", "the store fails" };
	}
}

/* With the lock. */
static struct refusal send(struct hub *hub, const struct content *content,
			   const char *device_id, enum c2d_ack ack)
{
	struct device device;
	struct presence *presence;
	enum c2d_sent sent;
	int rc = store_get(hub->store, device_id, "", &device);

	if (rc == 0)
		return (struct refusal){ "amqp:not-found",
					 "the device is not registered" };
	if (rc < 0)
		return refusal_of(C2D_FAILED);
	sent = c2d_send(hub->c2d, &device, &content->message, ack,
			pn_message_get_expiry_time(content->proton));
	device_free(&device);
	if (sent != C2D_SENT)
		return refusal_of(sent);
	presence = presence_find(&hub->presences, device_id, "");
	if (presence)
		presence->calls->message(presence);
	return (struct refusal){ NULL, NULL };
}

static struct refusal judge(struct node *node, struct content *content, struct place *to)
{
	struct hub *hub = node_hub(node);
	const char *said = content->message.texts[MESSAGE_TO];
	struct refusal refusal;
	enum c2d_ack ack;

	if (!said || !place_parse(to, said) || to->kind != PLACE_DEVICE_MESSAGES)
		return (struct refusal){ "com.microsoft:argument-error",
					 "\"to\" is /devices/ID/messages/devicebound" };
	if (*to->module)
		return (struct refusal){ "amqp:not-allowed",
					 "modules get no messages from the cloud" };
	if (!take_ack(content, &ack))
		return (struct refusal){
			"com.microsoft:argument-error",
			"iothub-ack is none, positive, negative or full"
		};
	lock_take(&hub->lock);
	/* What may be is done at once. */
	refusal = node_throttle(node, THROTTLE_C2D) >= 0
			  ? send(hub, content, to->device, ack)
			  : (struct refusal){ NODE_THROTTLED,
					      "messages to devices are throttled" };
	lock_give(&hub->lock);
	return refusal;
}

static bool take(struct node *node, pn_delivery_t *delivery, const char *bytes,
		 size_t len)
{
	struct content *content = &node->connection->server->content;
	const char *wrong = content_decode(content, bytes, len);
	struct refusal refusal = { "amqp:decode-error", wrong };
	struct place to = { 0 };

	if (!wrong)
		refusal = judge(node, content, &to);
	if (refusal.condition)
		node_reject(node, delivery, refusal.condition, "%s%s%s",
			    *to.device ? to.device : "", *to.device ? ": " : "",
			    refusal.why);
	else
		node_accept(node, delivery);
	return true;
}

const struct node_kind node_devicebound = {
	.name = "sender",
	.bytes = sizeof(struct node),
	.credit = 100,
	.message_max = ENCODED_MAX,
	.open = open_devicebound,
	.take = take,
};
