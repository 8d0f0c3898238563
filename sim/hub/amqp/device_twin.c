/*
 * A device's twin: requests with "operation" and "resource" among the annotations, answers
 * with "status", as azure-iot-device-amqp speaks it. Desired properties that change come
 * without a correlation-id.
 */
#include "twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/attached.h"
#include "amqp/request.h"
#include "amqp/server.h"
#include "clock.h"
#include "log.h"

#define REQUEST_MAX (TWIN_PROPERTIES_MAX + 65536)

#define REPORTED "/properties/reported"
#define DESIRED  "/notifications/twin/properties/desired"

/* A request, and what becomes of it. */
struct work {
	struct node *node;
	struct hub *hub;
	const struct content *content;
	enum error error;
	const char *why; /* NULL: that of the error */
	int status;      /* where there is no error */
	int64_t version; /* -1: none to tell */
	char *body;      /* memory; or NULL */
};

/* -- what is asked for: with the lock ------------------------------------------------ */

static void get_twin(struct work *work, struct device *device)
{
	struct json *json = twin_for_device(&device->twin);

	work->body = json_print(json);
	json_free(json);
	work->status = 200;
	if (!work->body)
		work->error = ERROR_SERVER;
}

static void report(struct work *work, struct device *device)
{
	const struct message *message = &work->content->message;
	struct json *patch;

	if (twin_is_stale(&device->twin, work->content->version)) {
		work->error = ERROR_PRECONDITION;
		work->why = TWIN_STALE;
		return;
	}
	patch = json_parse(message->body, message->body_len, NULL);
	work->why = patch ? twin_report(&device->twin, patch, clock_unix_ms())
			  : "The patch is not JSON.";
	json_free(patch);
	if (work->why)
		work->error = ERROR_ARGUMENT;
	else if (store_update(work->hub->store, device) != 1)
		work->error = ERROR_SERVER;
	work->status = 204;
	work->version = device->twin.reported_version;
}

static void begin_desired(struct work *work, struct device *device)
{
	(void)device;
	work->node->attached->takes_desired = true;
	work->status = 200;
}

static void end_desired(struct work *work, struct device *device)
{
	(void)device;
	work->node->attached->takes_desired = false;
	work->status = 200;
}

static const struct {
	const char *operation;
	const char *resource;
	enum throttle_kind throttle;
	void (*run)(struct work *work, struct device *device);
} operations[] = {
	{ "GET", "", THROTTLE_TWIN_READ, get_twin },
	{ "PATCH", REPORTED, THROTTLE_TWIN_UPDATE, report },
	{ "PUT", DESIRED, THROTTLE_TWIN_READ, begin_desired },
	{ "DELETE", DESIRED, THROTTLE_TWIN_READ, end_desired },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static void run_at(struct work *work, size_t at)
{
	const struct identity *identity = &work->node->attached->identity;
	struct device device;
	int rc;

	if (!throttle_allows(&work->hub->throttle, operations[at].throttle)) {
		work->error = ERROR_TIER;
		return;
	}
	/* Not even queued, as over MQTT. */
	if (node_throttle(work->node, operations[at].throttle) != 0) {
		work->error = ERROR_THROTTLED;
		return;
	}
	rc = store_get(work->hub->store, identity->device, identity->module, &device);
	if (rc != 1) {
		work->error = rc == 0 ? ERROR_NO_DEVICE : ERROR_SERVER;
		return;
	}
	operations[at].run(work, &device);
	device_free(&device);
}

static void run(struct work *work)
{
	const struct content *content = work->content;

	for (size_t i = 0; i < OPERATIONS; i++) {
		if (strcmp(content->operation, operations[i].operation) != 0 ||
		    strcmp(content->resource, operations[i].resource) != 0)
			continue;
		run_at(work, i);
		return;
	}
	work->error = ERROR_ARGUMENT;
	work->why = "There is no such operation on this resource.";
}

/* -- answers ------------------------------------------------------------------------- */

static void describe_error(struct work *work)
{
	const struct error_kind *kind = error_kind(work->error);
	struct json *json = json_new_object();

	if (!work->why)
		work->why = kind->text;
	log_event("AMQP %s: %s: twin: %d %s: %s", work->node->connection->peer,
		  work->node->name, kind->status, kind->name, work->why);
	json_add_number(json, "errorCode", kind->number);
	json_add_text(json, "message", work->why);
	free(work->body);
	work->body = json_print(json);
	json_free(json);
	work->status = kind->status;
	work->version = -1;
}

static void annotate(pn_data_t *to, const struct work *work)
{
	static const char status[] = "status", version[] = "version";

	pn_data_put_map(to);
	pn_data_enter(to);
	pn_data_put_symbol(to, pn_bytes(sizeof(status) - 1, status));
	pn_data_put_int(to, work->status);
	if (work->version >= 0) {
		pn_data_put_symbol(to, pn_bytes(sizeof(version) - 1, version));
		pn_data_put_long(to, work->version);
	}
	pn_data_exit(to);
}

static void answer(struct work *work)
{
	struct node *to = attached_node(work->node->attached, &node_twin_out);
	const char *body = work->body ? work->body : "";
	pn_message_t *message = to ? pn_message() : NULL;

	if (!message)
		return;
	pn_message_set_correlation_id(
		message, pn_message_get_correlation_id(work->content->proton));
	annotate(pn_message_annotations(message), work);
	pn_message_set_inferred(message, true);
	pn_data_put_binary(pn_message_body(message), pn_bytes(strlen(body), body));
	node_send_message(to, message);
	pn_message_free(message);
}

static bool take(struct node *node, pn_delivery_t *delivery, const char *bytes,
		 size_t len)
{
	struct content *content = &node->connection->server->content;
	struct work work = {
		.node = node, .hub = node_hub(node), .content = content, .version = -1
	};
	const char *wrong = content_decode(content, bytes, len);

	if (wrong) {
		node_reject(node, delivery, "amqp:decode-error", "%s", wrong);
		return true;
	}
	lock_take(&work.hub->lock);
	run(&work);
	lock_give(&work.hub->lock);
	if (work.error != ERROR_NONE)
		describe_error(&work);
	node_accept_request(node, delivery);
	answer(&work);
	free(work.body);
	return true;
}

void twin_send_desired(struct node *node, const char *patch, size_t len)
{
	const struct message with = { .body = patch, .body_len = len };
	pn_message_t *message = pn_message();
	pn_data_t *annotations;

	if (!message)
		return;
	content_fill(message, &with);
	annotations = pn_message_annotations(message);
	pn_data_put_map(annotations);
	pn_data_enter(annotations);
	content_put(annotations, "resource", DESIRED);
	pn_data_exit(annotations);
	node_send_message(node, message);
	pn_message_free(message);
}

static void close_out(struct node *node)
{
	struct hub *hub = node_hub(node);

	if (!node->attached)
		return;
	lock_take(&hub->lock);
	node->attached->takes_desired = false;
	lock_give(&hub->lock);
}

const struct node_kind node_twin_in = {
	.name = "device, sender",
	.bytes = sizeof(struct node),
	.credit = 100,
	.message_max = REQUEST_MAX,
	.open = attached_enter,
	.take = take,
};

const struct node_kind node_twin_out = {
	.name = "device, receiver",
	.sends = true,
	.bytes = sizeof(struct node),
	.open = attached_enter,
	.close = close_out,
};
