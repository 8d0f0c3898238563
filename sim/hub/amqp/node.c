#include "amqp/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/attached.h"
#include "amqp/connection.h"
#include "amqp/content.h"
#include "amqp/server.h"
#include "clock.h"
#include "log.h"

/* Messages of a link that were sent, or wait to be: they cost memory until settled. */
#define UNDER_WAY_MAX 1000

static const struct {
	enum place_kind kind;
	const struct node_kind *in;  /* the client sends */
	const struct node_kind *out; /* the hub does */
} kinds[] = {
	{ PLACE_CBS, &node_cbs_in, &node_cbs_out },
	{ PLACE_MANAGEMENT, &node_management_in, &node_management_out },
	{ PLACE_EVENTS, &node_redirect_in, &node_redirect_out },
	{ PLACE_PARTITION, NULL, &node_reader },
	{ PLACE_DEVICEBOUND, &node_devicebound, NULL },
	{ PLACE_FEEDBACK, NULL, &node_feedback },
	{ PLACE_FILES, NULL, &node_files },
	{ PLACE_DEVICE_EVENTS, &node_telemetry, NULL },
	{ PLACE_DEVICE_MESSAGES, NULL, &node_messages },
	{ PLACE_DEVICE_METHODS, &node_methods_in, &node_methods_out },
	{ PLACE_DEVICE_TWIN, &node_twin_in, &node_twin_out },
};

const struct node_kind *node_kind_of(enum place_kind kind, bool hub_sends)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return hub_sends ? kinds[i].out : kinds[i].in;
	return NULL;
}

struct hub *node_hub(const struct node *node)
{
	return node->connection->server->hub;
}

int64_t node_throttle(const struct node *node, enum throttle_kind kind)
{
	int retry_s;

	return throttle_take(&node_hub(node)->throttle, kind, 1, clock_steady_ms(),
			     &retry_s);
}

void node_close(struct node *node)
{
	if (node->closed)
		return;
	node->closed = true;
	if (node->kind->close)
		node->kind->close(node);
	if (node->attached)
		attached_leave(node);
}

bool service_enter(struct node *node, const char *path)
{
	char why[300];

	node->claim = claims_find(&node->connection->claims, node_hub(node),
				  RIGHT_SERVICE_CONNECT, path, why, sizeof(why));
	if (!node->claim)
		node_refuse(node, "amqp:unauthorized-access", "%s", why);
	return node->claim;
}

/* -- refusing ------------------------------------------------------------------------ */

const char *error_condition(enum error error)
{
	switch (error) {
	case ERROR_ACCESS:
	case ERROR_UNAUTHORIZED:
		return "amqp:unauthorized-access";
	case ERROR_NO_DEVICE:
	case ERROR_NO_MODULE:
	case ERROR_NO_RESOURCE:
		return "amqp:not-found";
	case ERROR_QUOTA:
		return "amqp:resource-limit-exceeded";
	case ERROR_TOO_LARGE:
		return "amqp:link:message-size-exceeded";
	case ERROR_ARGUMENT:
		return "com.microsoft:argument-error";
	case ERROR_THROTTLED:
		return NODE_THROTTLED;
	default:
		return "amqp:internal-error";
	}
}

static void say(pn_condition_t *to, const struct node *node, const char *condition,
		const char *why)
{
	pn_condition_set_name(to, condition);
	pn_condition_set_description(to, why);
	log_event("AMQP %s: %s %s: %s: %s", node->connection->peer, node->kind->name,
		  node->name, condition, why);
}

void node_refuse(struct node *node, const char *condition, const char *format, ...)
{
	char why[400];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (!(pn_link_state(node->link) & PN_LOCAL_ACTIVE))
		pn_link_open(node->link);
	say(pn_link_condition(node->link), node, condition, why);
	node_close(node);
	pn_link_close(node->link);
	node->connection->more = true;
}

void node_refuse_error(struct node *node, enum error error, const char *why)
{
	node_refuse(node, error_condition(error), "%s", why);
}

void node_reject(struct node *node, pn_delivery_t *delivery, const char *condition,
		 const char *format, ...)
{
	pn_disposition_t *local = pn_delivery_local(delivery);
	char why[400];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	say(pn_disposition_condition(local), node, condition, why);
	pn_delivery_update(delivery, PN_REJECTED);
	pn_delivery_settle(delivery);
}

void node_accept(struct node *node, pn_delivery_t *delivery)
{
	(void)node;
	pn_delivery_update(delivery, PN_ACCEPTED);
	pn_delivery_settle(delivery);
}

void node_accept_request(struct node *node, pn_delivery_t *delivery)
{
	node_accept(node, delivery);
	pn_transport_pending(node->connection->driver.transport);
}

/* -- sending ------------------------------------------------------------------------- */

bool node_may_send(const struct node *node)
{
	return !node->closed && pn_link_credit(node->link) > 0 &&
	       pn_link_unsettled(node->link) < UNDER_WAY_MAX;
}

static pn_delivery_t *send_tagged(struct node *node, const void *tag, size_t tag_len,
				  const void *bytes, size_t len)
{
	pn_delivery_t *delivery = pn_delivery(node->link, pn_dtag(tag, tag_len));

	if (!delivery)
		return NULL;
	pn_link_send(node->link, bytes, len);
	pn_link_advance(node->link);
	if (pn_link_snd_settle_mode(node->link) != PN_SND_SETTLED)
		return delivery;
	pn_delivery_settle(delivery);
	return NULL;
}

pn_delivery_t *node_send(struct node *node, const void *bytes, size_t len)
{
	uint64_t tag = ++node->sent;

	return send_tagged(node, &tag, sizeof(tag), bytes, len);
}

static pn_delivery_t *send_message(struct node *node, const void *tag, size_t tag_len,
				   pn_message_t *message)
{
	struct text bytes = { 0 };
	pn_delivery_t *delivery = NULL;

	if (content_encode(message, &bytes))
		delivery = send_tagged(node, tag, tag_len, bytes.at, bytes.len);
	text_free(&bytes);
	return delivery;
}

pn_delivery_t *node_send_message(struct node *node, pn_message_t *message)
{
	uint64_t tag = ++node->sent;

	return send_message(node, &tag, sizeof(tag), message);
}

/* In .NET the first three numbers of a GUID are little-endian. */
static void guid_of(uint8_t guid[16], const char *uuid)
{
	static const uint8_t pairs[16] = { 6,  4,  2,  0,  11, 9,  16, 14,
					   19, 21, 24, 26, 28, 30, 32, 34 };

	for (int i = 0; i < 16; i++) {
		const char digits[3] = { uuid[pairs[i]], uuid[pairs[i] + 1], '\0' };

		guid[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
}

pn_delivery_t *node_send_locked(struct node *node, pn_message_t *message,
				const char *lock)
{
	uint8_t tag[16];

	guid_of(tag, lock);
	return send_message(node, tag, sizeof(tag), message);
}

void node_settle(struct node *node, pn_delivery_t *delivery, int rc)
{
	if (rc == 0) {
		node_reject(node, delivery, "amqp:not-found", "the lock is lost");
	} else if (rc < 0) {
		node_reject(node, delivery, "amqp:internal-error", "the store fails");
	} else {
		if (pn_delivery_remote_state(delivery))
			pn_delivery_update(delivery, pn_delivery_remote_state(delivery));
		pn_delivery_settle(delivery);
	}
}
