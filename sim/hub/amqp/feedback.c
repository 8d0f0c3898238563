/* What became of messages to devices, for the service; and files, of which there are none. */
#include <stdio.h>
#include <string.h>

#include "amqp/sent.h"
#include "amqp/server.h"
#include "clock.h"

#define PATH    "/messages/serviceBound/feedback"
#define LOOK_MS 1000 /* a batch is ready by its time, too */

struct feedback_node {
	struct node node;
	struct sent *sent;
	int64_t look_ms; /* by clock_steady_ms() */
};

static bool open_feedback(struct node *node)
{
	return service_enter(node, PATH);
}

static bool open_files(struct node *node)
{
	return service_enter(node, "/messages/serviceBound/filenotifications");
}

/* With the hub's name as the user: .NET's SDK wants one. */
static pn_message_t *make(const struct hub *hub, const struct feedback *feedback)
{
	static const char time[] = "iothub-enqueuedtime";
	const struct message with = { .texts = { [MESSAGE_CONTENT_TYPE] = FEEDBACK_TYPE,
						 [MESSAGE_CONTENT_ENCODING] = "utf-8",
						 [MESSAGE_TO] = PATH },
				      .body = feedback->body,
				      .body_len = strlen(feedback->body) };
	pn_message_t *message = pn_message();
	pn_data_t *annotations;

	if (!message)
		return NULL;
	content_fill(message, &with);
	pn_message_set_user_id(message, pn_bytes(strcspn(hub->host, "."), hub->host));
	pn_message_set_creation_time(message, feedback->enqueued_ms);
	annotations = pn_message_annotations(message);
	pn_data_put_map(annotations);
	pn_data_enter(annotations);
	pn_data_put_symbol(annotations, pn_bytes(sizeof(time) - 1, time));
	pn_data_put_timestamp(annotations, feedback->enqueued_ms);
	pn_data_exit(annotations);
	return message;
}

static int settle(struct node *node, const char *lock, enum c2d_outcome outcome)
{
	struct hub *hub = node_hub(node);
	int rc;

	lock_take(&hub->lock);
	rc = feedback_settle(hub->c2d, lock, outcome);
	lock_give(&hub->lock);
	return rc;
}

static bool pump(struct node *node)
{
	struct feedback_node *own = (struct feedback_node *)node;
	struct hub *hub = node_hub(node);
	struct feedback feedback = { 0 };
	pn_message_t *message;
	int rc;

	if (!node_may_send(node) || clock_steady_ms() < own->look_ms)
		return false;
	own->look_ms = clock_steady_ms() + LOOK_MS;
	lock_take(&hub->lock);
	rc = feedback_receive(hub->c2d, &feedback);
	lock_give(&hub->lock);
	message = rc == 1 ? make(hub, &feedback) : NULL;
	if (message && !sent_add(&own->sent, node, message, feedback.lock))
		settle(node, feedback.lock, C2D_COMPLETE);
	pn_message_free(message);
	feedback_free(&feedback);
	return false;
}

static void take_outcome(struct node *node, pn_delivery_t *delivery)
{
	struct feedback_node *own = (struct feedback_node *)node;
	enum c2d_outcome outcome;
	char lock[LOCK_TEXT];

	if (sent_take(&own->sent, delivery, lock, &outcome))
		node_settle(node, delivery, settle(node, lock, outcome));
}

static void close_feedback(struct node *node)
{
	sent_free(&((struct feedback_node *)node)->sent);
}

const struct node_kind node_feedback = {
	.name = "receiver",
	.sends = true,
	.bytes = sizeof(struct feedback_node),
	.open = open_feedback,
	.pump = pump,
	.settled = take_outcome,
	.close = close_feedback,
};

const struct node_kind node_files = {
	.name = "receiver",
	.sends = true,
	.bytes = sizeof(struct node),
	.open = open_files,
};
