#include "sending.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto.h"
#include "utf8.h"

struct sending {
	struct sending *next;
	struct hub *hub;
	struct call *call;
	uint64_t ticket; /* of the last of its events */
};

/* -- waiting ------------------------------------------------------------------------- */

static void forget(void *with)
{
	struct sending *sending = with;
	struct sending **at = &sending->hub->sendings;

	while (*at != sending)
		at = &(*at)->next;
	*at = sending->next;
	free(sending);
}

static void finish(struct sending *sending)
{
	struct call *call = sending->call;

	forget(sending);
	call_resume(call);
}

static void await(struct call *call, uint64_t ticket)
{
	struct sending *sending = calloc(1, sizeof(*sending));

	if (!sending) {
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	*sending = (struct sending){ call->hub->sendings, call->hub, call, ticket };
	call->hub->sendings = sending;
	call_suspend(call, forget, sending);
}

void sendings_tick(struct hub *hub)
{
	uint64_t stored = hub->sendings ? events_stored(hub->events) : 0;
	struct sending *next;

	for (struct sending *s = hub->sendings; s; s = next) {
		next = s->next;
		if (s->ticket > stored)
			continue;
		answer_nothing(s->call, 204);
		finish(s);
	}
}

void sendings_close(struct hub *hub)
{
	while (hub->sendings) {
		refuse(hub->sendings->call, ERROR_BUSY, "The hub closes.");
		finish(hub->sendings);
	}
}

/* -- one event ----------------------------------------------------------------------- */

/* "Device - Send Device Event", and what azure-iot-device-http sends. */
static const struct {
	const char *name;
	enum message_text text;
} system_names[] = {
	{ "iothub-messageid", MESSAGE_ID },
	{ "iothub-correlationid", MESSAGE_CORRELATION_ID },
	{ "iothub-userid", MESSAGE_USER_ID },
	{ "iothub-to", MESSAGE_TO },
	{ "iothub-expiry", MESSAGE_EXPIRES },
	{ "iothub-contenttype", MESSAGE_CONTENT_TYPE },
	{ "iothub-contentencoding", MESSAGE_CONTENT_ENCODING },
	{ "iothub-creationtimeutc", MESSAGE_CREATED },
	{ "iothub-interface-id", MESSAGE_INTERFACE },
	{ "dt-subject", MESSAGE_SUBJECT },
	{ "dt-dataschema", MESSAGE_SCHEMA },
};

static const char application[] = "iothub-app-";

/* One on its way into the stream. `properties` has room for all there may be. */
struct event_parts {
	struct message message;
	struct message_property *properties;
};

static bool parts_init(struct event_parts *parts, const struct call *call, size_t room)
{
	*parts = (struct event_parts){ 0 };
	parts->properties = calloc(room + 1, sizeof(*parts->properties));
	parts->message.properties = parts->properties;
	identity_sign(&call->identity, &parts->message);
	return parts->properties;
}

/* A header, or a property of a batch, which bears the same name. False: it is bad. */
static bool take_property(struct event_parts *parts, const char *name, const char *value)
{
	struct message *message = &parts->message;
	size_t prefix = sizeof(application) - 1;

	if (strncasecmp(name, application, prefix) == 0) {
		parts->properties[message->property_count++] =
			(struct message_property){ name + prefix, value };
		return name[prefix] && utf8_valid(name, strlen(name)) &&
		       utf8_valid(value, strlen(value));
	}
	for (size_t i = 0; i < sizeof(system_names) / sizeof(system_names[0]); i++)
		if (strcasecmp(system_names[i].name, name) == 0) {
			message->texts[system_names[i].text] = value;
			return utf8_valid(value, strlen(value));
		}
	return true;
}

/* Queues it. False: refused. */
static bool put(struct call *call, const struct event_parts *parts, uint64_t *ticket)
{
	int rc;

	if (message_size(&parts->message) > MESSAGE_D2C_MAX) {
		refuse(call, ERROR_TOO_LARGE, "A message has at most 256 KB.");
		return false;
	}
	rc = events_put(call->hub->events, &parts->message, ticket);
	if (rc != 1)
		refuse(call, rc == 0 ? ERROR_BUSY : ERROR_SERVER, NULL);
	return rc == 1;
}

static bool send_one(struct call *call, uint64_t *ticket)
{
	const struct request *request = call->request;
	struct event_parts parts;
	bool sent = parts_init(&parts, call, request->header_count);

	if (!sent)
		refuse(call, ERROR_SERVER, NULL);
	parts.message.body = request->body;
	parts.message.body_len = request->body_len;
	for (size_t i = 0; sent && i < request->header_count; i++) {
		const struct header *header = &request->headers[i];

		sent = take_property(&parts, header->name, header->value);
		if (!sent)
			refuse(call, ERROR_FORMAT,
			       "A property has no name, or is not UTF-8.");
	}
	sent = sent && put(call, &parts, ticket);
	free(parts.properties);
	return sent;
}

/* -- many ---------------------------------------------------------------------------- */

/* base64 unless "base64Encoded" is false. NULL: it is not. */
static uint8_t *decode_body(const struct json *item, size_t *len)
{
	const struct json *encoded = json_get(item, "base64Encoded");
	const char *text = json_get_text(item, "body");
	size_t text_len = text ? strlen(text) : 0;
	uint8_t *body = text ? malloc(text_len + 1) : NULL;
	int decoded;

	if (!body)
		return NULL;
	if (json_kind(encoded) == JSON_BOOL && !json_is_true(encoded)) {
		memcpy(body, text, text_len);
		*len = text_len;
		return body;
	}
	decoded = base64_decode(body, text_len + 1, text, text_len);
	*len = decoded < 0 ? 0 : (size_t)decoded;
	if (decoded >= 0)
		return body;
	free(body);
	return NULL;
}

/* NULL, or what is wrong with it. */
static const char *take_item(struct event_parts *parts, const struct json *item)
{
	const struct json *properties = json_get(item, "properties");

	if (properties && json_kind(properties) != JSON_OBJECT)
		return "The properties of an event are an object.";
	for (struct json *p = json_first(properties); p; p = json_next(p))
		if (!json_text(p) || !take_property(parts, json_key(p), json_text(p)))
			return "A property has no name, or is no text.";
	return NULL;
}

static bool send_item(struct call *call, const struct json *item, uint64_t *ticket)
{
	size_t len = 0;
	uint8_t *body = decode_body(item, &len);
	struct event_parts parts;
	const char *wrong = body ? NULL : "An event has a body, in base64.";
	bool sent = parts_init(&parts, call, json_count(json_get(item, "properties")));

	parts.message.body = body;
	parts.message.body_len = len;
	if (!wrong && sent)
		wrong = take_item(&parts, item);
	if (wrong)
		refuse(call, ERROR_FORMAT, "%s", wrong);
	else if (!sent)
		refuse(call, ERROR_SERVER, NULL);
	sent = sent && !wrong && put(call, &parts, ticket);
	free(parts.properties);
	free(body);
	return sent;
}

static bool send_batch(struct call *call, uint64_t *ticket)
{
	const struct request *request = call->request;
	struct json *batch = json_parse(request->body, request->body_len, NULL);
	struct json *item = json_first(batch);
	bool sent = json_kind(batch) == JSON_ARRAY && item;

	if (request->body_len > MESSAGE_D2C_MAX) {
		refuse(call, ERROR_TOO_LARGE, "A batch has at most 256 KB.");
		sent = false;
	} else if (!sent) {
		refuse(call, ERROR_FORMAT, "A batch is a JSON array of events.");
	}
	for (; sent && item; item = json_next(item))
		sent = send_item(call, item, ticket);
	json_free(batch);
	return sent;
}

void api_send_events(struct call *call)
{
	const char *type = request_header(call->request, "Content-Type");
	bool batch = type && strncasecmp(type, BATCH_TYPE, strlen(BATCH_TYPE)) == 0;
	uint64_t ticket;

	if (call->request->too_large)
		refuse(call, ERROR_TOO_LARGE, NULL);
	else if (batch ? send_batch(call, &ticket) : send_one(call, &ticket))
		await(call, ticket);
}
