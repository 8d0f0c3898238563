/* What a device sends: into the event stream, and accepted when it is stored there. */
#include <string.h>

#include "amqp/attached.h"
#include "amqp/batch.h"
#include "amqp/server.h"
#include "clock.h"

#define CREDIT 200

/* With properties and what AMQP puts around them. */
#define ENCODED_MAX (MESSAGE_D2C_MAX + 65536)

struct telemetry {
	struct node node;
	bool waits; /* the connection counts it */
	/* The message that is held: the throttle has been asked, and when it may be accepted. */
	bool asked;
	int64_t due_ms;
	unsigned put; /* of a batch: so many of it are in the stream already */
	/* Deliveries whose events are yet to be stored, the oldest first. */
	struct {
		pn_delivery_t *delivery;
		uint64_t ticket;
		int64_t due_ms;
	} storing[CREDIT];
	unsigned first;
	unsigned count;
};

static void wait_for_it(struct telemetry *telemetry, bool waits)
{
	if (telemetry->waits == waits)
		return;
	telemetry->waits = waits;
	if (waits)
		telemetry->node.connection->waiting++;
	else
		telemetry->node.connection->waiting--;
}

/* Asks for each message once, though it may be offered again. False: it is too many. */
static bool may_come(struct telemetry *telemetry)
{
	struct hub *hub = node_hub(&telemetry->node);
	int64_t wait_ms = 0;

	if (telemetry->asked)
		return true;
	if (hub->tier) {
		lock_take(&hub->lock);
		wait_ms = node_throttle(&telemetry->node, THROTTLE_D2C);
		lock_give(&hub->lock);
	}
	telemetry->due_ms = wait_ms > 0 ? clock_steady_ms() + wait_ms : 0;
	telemetry->asked = wait_ms >= 0;
	return telemetry->asked;
}

/* Into the server's content; false: the delivery is rejected. */
static bool decode(struct node *node, pn_delivery_t *delivery, const char *bytes,
		   size_t len)
{
	struct content *content = &node->connection->server->content;
	const char *wrong = content_decode(content, bytes, len);

	if (wrong) {
		node_reject(node, delivery, "amqp:decode-error", "%s", wrong);
		return false;
	}
	identity_sign(&node->attached->identity, &content->message);
	return true;
}

static void reject_long(struct node *node, pn_delivery_t *delivery)
{
	node_reject(node, delivery, "amqp:link:message-size-exceeded",
		    "a message has more than %d bytes", MESSAGE_D2C_MAX);
}

/* 1: it is in the stream; 0: there is no room for it now; -1: the delivery is rejected. */
static int put(struct node *node, pn_delivery_t *delivery, const char *bytes, size_t len,
	       uint64_t *ticket)
{
	const struct message *message = &node->connection->server->content.message;
	int rc;

	if (!decode(node, delivery, bytes, len))
		return -1;
	rc = events_put(node_hub(node)->events, message, ticket);
	if (rc < 0)
		reject_long(node, delivery);
	return rc;
}

/* All of a batch, before any of it is put. False: the delivery is rejected. */
static bool is_fit(struct node *node, pn_delivery_t *delivery, struct batch batch)
{
	const struct message *message = &node->connection->server->content.message;
	const char *bytes;
	size_t len;

	while (batch_next(&batch, &bytes, &len)) {
		if (!decode(node, delivery, bytes, len))
			return false;
		if (message_size(message) > MESSAGE_D2C_MAX) {
			reject_long(node, delivery);
			return false;
		}
	}
	return true;
}

/* The same as put(), one after the other when it is a batch. */
static int put_all(struct telemetry *telemetry, pn_delivery_t *delivery,
		   const char *bytes, size_t len, uint64_t *ticket)
{
	struct node *node = &telemetry->node;
	struct batch batch;
	unsigned at = 0;
	int rc = 1;

	if (!batch_open(&batch, bytes, len))
		return put(node, delivery, bytes, len, ticket);
	if (telemetry->put == 0 && !is_fit(node, delivery, batch))
		return -1;
	while (rc == 1 && batch_next(&batch, &bytes, &len)) {
		if (at++ < telemetry->put)
			continue;
		rc = put(node, delivery, bytes, len, ticket);
		telemetry->put += rc == 1;
	}
	if (rc != 0)
		telemetry->put = 0;
	return rc;
}

static bool take(struct node *node, pn_delivery_t *delivery, const char *bytes,
		 size_t len)
{
	struct telemetry *telemetry = (struct telemetry *)node;
	unsigned at = (telemetry->first + telemetry->count) % CREDIT;
	uint64_t ticket = 0;
	int rc;

	if (telemetry->count == CREDIT)
		return false;
	if (!may_come(telemetry)) {
		node_reject(node, delivery, NODE_THROTTLED,
			    "messages to the hub are throttled");
		return true;
	}
	attached_active(node);
	rc = put_all(telemetry, delivery, bytes, len, &ticket);
	if (rc < 0) {
		telemetry->asked = false;
		return true;
	}
	wait_for_it(telemetry, true);
	if (rc == 0)
		return false;
	telemetry->storing[at].delivery = delivery;
	telemetry->storing[at].ticket = ticket;
	telemetry->storing[at].due_ms = telemetry->due_ms;
	telemetry->asked = false;
	telemetry->count++;
	return true;
}

/* The oldest is stored, and its turn has come. */
static bool is_done(struct telemetry *telemetry, uint64_t stored)
{
	int64_t due_ms;

	if (telemetry->count == 0 || telemetry->storing[telemetry->first].ticket > stored)
		return false;
	due_ms = telemetry->storing[telemetry->first].due_ms;
	if (due_ms == 0 || clock_steady_ms() >= due_ms)
		return true;
	if (due_ms < telemetry->node.connection->due_ms)
		telemetry->node.connection->due_ms = due_ms;
	return false;
}

static bool pump(struct node *node)
{
	struct telemetry *telemetry = (struct telemetry *)node;
	uint64_t stored;

	if (telemetry->count == 0)
		return false;
	stored = events_stored(node_hub(node)->events);
	while (is_done(telemetry, stored)) {
		node_accept(node, telemetry->storing[telemetry->first].delivery);
		telemetry->first = (telemetry->first + 1) % CREDIT;
		telemetry->count--;
	}
	wait_for_it(telemetry, telemetry->count || node->holding);
	return false;
}

static void close_telemetry(struct node *node)
{
	wait_for_it((struct telemetry *)node, false);
}

const struct node_kind node_telemetry = {
	.name = "device, sender",
	.bytes = sizeof(struct telemetry),
	.credit = CREDIT,
	.message_max = ENCODED_MAX,
	.open = attached_enter,
	.take = take,
	.pump = pump,
	.close = close_telemetry,
};
