/* Cloud-to-device messages, at the device: under a lock, until it says what it made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/attached.h"
#include "amqp/sent.h"
#include "amqp/server.h"
#include "clock.h"

/* Locks that end, and messages that were abandoned, are looked for so often. */
#define LOOK_MS 5000

struct messages {
	struct node node;
	struct sent *sent;
	int64_t look_ms; /* when to look for messages, by clock_steady_ms() */
};

void messages_look(struct node *node)
{
	((struct messages *)node)->look_ms = 0;
}

/* In the types that the SDK for .NET reads. */
static void annotate(pn_data_t *to, const struct c2d_delivery *delivery)
{
	static const char time[] = "iothub-enqueuedtime", lock[] = "x-opt-lock-token",
			  sequence[] = "x-opt-sequence-number",
			  count[] = "iothub-deliverycount";

	pn_data_put_map(to);
	pn_data_enter(to);
	pn_data_put_symbol(to, pn_bytes(sizeof(sequence) - 1, sequence));
	pn_data_put_ulong(to, (uint64_t)delivery->sequence);
	pn_data_put_symbol(to, pn_bytes(sizeof(count) - 1, count));
	pn_data_put_ubyte(to, (uint8_t)delivery->deliveries);
	pn_data_put_symbol(to, pn_bytes(sizeof(time) - 1, time));
	pn_data_put_timestamp(to, delivery->enqueued_ms);
	content_put(to, lock, delivery->lock);
	pn_data_exit(to);
}

static pn_message_t *make(const struct c2d_delivery *delivery)
{
	pn_message_t *message = pn_message();
	struct message with = delivery->message;
	struct message_property *properties =
		calloc(with.property_count + 1, sizeof(*properties));

	if (!message || !properties) {
		pn_message_free(message);
		free(properties);
		return NULL;
	}
	if (with.property_count)
		memcpy(properties, with.properties,
		       with.property_count * sizeof(*properties));
	with.properties = properties;
	if (delivery->ack != ACK_NONE)
		properties[with.property_count++] =
			(struct message_property){ "iothub-ack",
						   c2d_ack_name(delivery->ack) };
	content_fill(message, &with);
	pn_message_set_expiry_time(message, delivery->expires_ms);
	pn_message_set_delivery_count(message, (uint32_t)delivery->deliveries);
	annotate(pn_message_annotations(message), delivery);
	free(properties);
	return message;
}

static int settle(struct node *node, const char *lock, enum c2d_outcome outcome)
{
	struct hub *hub = node_hub(node);
	int rc;

	lock_take(&hub->lock);
	rc = c2d_settle(hub->c2d, &node->attached->device, lock, outcome);
	lock_give(&hub->lock);
	return rc;
}

static int receive(struct node *node, struct c2d_delivery *delivery)
{
	struct hub *hub = node_hub(node);
	int rc;

	lock_take(&hub->lock);
	rc = c2d_receive(hub->c2d, &node->attached->device, delivery);
	lock_give(&hub->lock);
	return rc;
}

static bool pump(struct node *node)
{
	struct messages *messages = (struct messages *)node;
	struct c2d_delivery delivery = { 0 };

	while (node_may_send(node) && clock_steady_ms() >= messages->look_ms) {
		pn_message_t *message = NULL;

		if (receive(node, &delivery) != 1) {
			messages->look_ms = clock_steady_ms() + LOOK_MS;
			break;
		}
		attached_active(node);
		message = make(&delivery);
		if (message && !sent_add(&messages->sent, node, message, delivery.lock))
			settle(node, delivery.lock, C2D_COMPLETE);
		pn_message_free(message);
	}
	c2d_delivery_free(&delivery);
	return false;
}

static void take_outcome(struct node *node, pn_delivery_t *delivery)
{
	struct messages *messages = (struct messages *)node;
	enum c2d_outcome outcome;
	char lock[LOCK_TEXT];

	if (!sent_take(&messages->sent, delivery, lock, &outcome))
		return;
	node_settle(node, delivery, settle(node, lock, outcome));
	messages->look_ms = 0;
}

static void close_messages(struct node *node)
{
	sent_free(&((struct messages *)node)->sent);
}

const struct node_kind node_messages = {
	.name = "device, receiver",
	.sends = true,
	.bytes = sizeof(struct messages),
	.open = attached_enter,
	.pump = pump,
	.settled = take_outcome,
	.close = close_messages,
};
