/* Cloud-to-device messages by HTTPS: those of a device, and what senders hear of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"

/* The path's segment with the lock. */
enum { DEVICE_LOCK = 4, FEEDBACK_LOCK = 3 };

static void answer_number(struct call *call, const char *name, int64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)number);
	answer_header(call->answer, name, digits);
}

static void answer_time(struct call *call, const char *name, int64_t unix_ms)
{
	char time[TIME_TEXT];

	clock_iso(time, unix_ms);
	answer_header(call->answer, name, time);
}

/* What a header cannot carry is percent-encoded. */
static char *header_text(const char *text, const char *but)
{
	for (const char *at = text; *at; at++)
		if (*at < 0x20 || *at == 0x7f || strchr(but, *at))
			return percent_encode(text);
	return strdup(text);
}

static void answer_property(struct call *call, const struct message_property *property)
{
	char *name = header_text(property->name, " \"(),/:;<=>?@[\\]{}");
	char *value = header_text(property->value ? property->value : "", "");
	struct text whole = { 0 };

	text_add(&whole, "iothub-app-%s", name ? name : "");
	if (name && value && whole.at)
		answer_header(call->answer, whole.at, value);
	text_free(&whole);
	free(name);
	free(value);
}

/* -- to devices ---------------------------------------------------------------------- */

/* The names by which azure-iot-device-http and Microsoft's C SDK look. */
static const struct {
	const char *name;
	enum message_text text;
} system_names[] = {
	{ "iothub-messageid", MESSAGE_ID },
	{ "iothub-correlationid", MESSAGE_CORRELATION_ID },
	{ "iothub-userid", MESSAGE_USER_ID },
	{ "iothub-to", MESSAGE_TO },
	{ "iothub-contenttype", MESSAGE_CONTENT_TYPE },
	{ "iothub-contentencoding", MESSAGE_CONTENT_ENCODING },
	{ "iothub-creationtimeutc", MESSAGE_CREATED },
};

static void answer_texts(struct call *call, const struct message *message)
{
	for (size_t i = 0; i < sizeof(system_names) / sizeof(system_names[0]); i++) {
		const char *said = message->texts[system_names[i].text];
		char *value = said ? header_text(said, "") : NULL;

		if (value)
			answer_header(call->answer, system_names[i].name, value);
		free(value);
	}
}

static void answer_message(struct call *call, const struct c2d_delivery *delivery)
{
	const struct message *message = &delivery->message;

	answer_nothing(call, 200);
	text_put(&call->answer->body, message->body, message->body_len);
	call->answer->type = "application/octet-stream";
	answer_etag(call, delivery->lock);
	answer_texts(call, message);
	answer_number(call, "iothub-sequencenumber", delivery->sequence);
	answer_time(call, "iothub-enqueuedtime", delivery->enqueued_ms);
	answer_time(call, "iothub-expiry", delivery->expires_ms);
	answer_number(call, "iothub-deliverycount", delivery->deliveries);
	answer_header(call->answer, "iothub-ack", c2d_ack_name(delivery->ack));
	for (size_t i = 0; i < message->property_count; i++)
		answer_property(call, &message->properties[i]);
}

void api_receive_message(struct call *call)
{
	struct c2d_delivery delivery = { 0 };
	struct device device;
	int rc;

	if (!call_find(call, &device))
		return;
	rc = c2d_receive(call->hub->c2d, &device, &delivery);
	if (rc == 1)
		answer_message(call, &delivery);
	else if (rc == 0)
		answer_nothing(call, 204);
	else
		refuse(call, ERROR_SERVER, NULL);
	c2d_delivery_free(&delivery);
	device_free(&device);
}

static void answer_settled(struct call *call, int rc)
{
	if (rc == 1)
		answer_nothing(call, 204);
	else
		refuse(call, rc == 0 ? ERROR_LOCK_LOST : ERROR_SERVER, NULL);
}

/* Who is connected otherwise may want what was given back. */
static void offer(struct call *call)
{
	struct presence *presence =
		presence_find(&call->hub->presences, call->device, "");

	if (presence)
		presence->calls->message(presence);
}

static void settle_message(struct call *call, enum c2d_outcome outcome)
{
	struct device device;

	if (!call_find(call, &device))
		return;
	answer_settled(call, c2d_settle(call->hub->c2d, &device,
					call->segments[DEVICE_LOCK], outcome));
	device_free(&device);
	if (outcome == C2D_ABANDON && call->refused == ERROR_NONE)
		offer(call);
}

/* "?reject" needs no value. */
void api_complete_message(struct call *call)
{
	settle_message(call,
		       query_has(call->query, "reject") ? C2D_REJECT : C2D_COMPLETE);
}

void api_abandon_message(struct call *call)
{
	settle_message(call, C2D_ABANDON);
}

void api_purge_commands(struct call *call)
{
	struct device device;
	struct json *json;
	int64_t count;

	if (!call_find(call, &device))
		return;
	if (c2d_purge(call->hub->c2d, &device, &count) < 0) {
		refuse(call, ERROR_SERVER, NULL);
	} else {
		json = json_new_object();
		json_add_text(json, "deviceId", device.id);
		json_add_text(json, "moduleId", NULL);
		json_add_number(json, "totalMessagesPurged", (double)count);
		answer_json(call, 200, json);
	}
	device_free(&device);
}

/* -- to senders ---------------------------------------------------------------------- */

void api_receive_feedback(struct call *call)
{
	struct feedback feedback = { 0 };
	int rc = feedback_receive(call->hub->c2d, &feedback);

	if (rc < 0)
		refuse(call, ERROR_SERVER, NULL);
	else
		answer_nothing(call, rc == 1 ? 200 : 204);
	if (rc == 1) {
		text_put(&call->answer->body, feedback.body, strlen(feedback.body));
		call->answer->type = FEEDBACK_TYPE;
		answer_etag(call, feedback.lock);
		answer_time(call, "iothub-enqueuedtime", feedback.enqueued_ms);
	}
	feedback_free(&feedback);
}

static void settle_feedback(struct call *call, enum c2d_outcome outcome)
{
	answer_settled(call, feedback_settle(call->hub->c2d,
					     call->segments[FEEDBACK_LOCK], outcome));
}

void api_complete_feedback(struct call *call)
{
	settle_feedback(call, C2D_COMPLETE);
}

void api_abandon_feedback(struct call *call)
{
	settle_feedback(call, C2D_ABANDON);
}
