#include "amqp_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static struct prov_bytes bytes_of_text(const char *text, int len)
{
	return (struct prov_bytes){ text, (size_t)len };
}

/* A text as it is, anything else in words. */
static struct prov_bytes as_text(const struct prov_value *v, char room[40])
{
	const uint8_t *u;

	switch (v->type) {
	case PROV_VALUE_TEXT:
	case PROV_VALUE_BINARY:
		return v->bytes;
	case PROV_VALUE_UINT:
		return bytes_of_text(room, snprintf(room, 40, "%" PRIu64, v->natural));
	case PROV_VALUE_INT:
		return bytes_of_text(room, snprintf(room, 40, "%" PRId64, v->integer));
	case PROV_VALUE_UUID:
		u = (const uint8_t *)v->bytes.at;
		return bytes_of_text(
			room,
			snprintf(room, 40,
				 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
				 "%02x%02x%02x%02x%02x%02x",
				 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8],
				 u[9], u[10], u[11], u[12], u[13], u[14], u[15]));
	case PROV_VALUE_NULL:
	case PROV_VALUE_BOOL:
	case PROV_VALUE_REAL:
	case PROV_VALUE_TIME:
	case PROV_VALUE_OTHER:
		break;
	}
	return (struct prov_bytes){ NULL, 0 };
}

/* What is not in an event is NULL. */
static void read_fields(const struct prov_value fields[AMQP_FIELDS],
			struct amqp_event_room *room, struct prov_event *e)
{
	struct prov_bytes *const to[AMQP_FIELDS] = {
		[AMQP_MESSAGE_ID] = &e->message_id,
		[AMQP_USER_ID] = &e->user_id,
		[AMQP_TO] = &e->to,
		[AMQP_SUBJECT] = &e->subject,
		[AMQP_REPLY_TO] = &e->reply_to,
		[AMQP_CORRELATION_ID] = &e->correlation_id,
		[AMQP_CONTENT_TYPE] = &e->content_type,
		[AMQP_CONTENT_ENCODING] = &e->content_encoding,
	};

	for (size_t i = 0; i < AMQP_FIELDS; i++)
		if (fields[i].type == PROV_VALUE_TEXT ||
		    fields[i].type == PROV_VALUE_BINARY || i == AMQP_MESSAGE_ID ||
		    i == AMQP_CORRELATION_ID)
			*to[i] = as_text(&fields[i],
					 room->texts[i == AMQP_CORRELATION_ID]);
}

static bool is(const struct prov_bytes *name, const char *text, size_t len)
{
	return name->len == len && memcmp(name->at, text, len) == 0;
}
#define IS(name, text) is(name, text, sizeof(text) - 1)

/* Those that an event has as fields ([MSG], [EH]). */
static void take_annotation(const struct prov_named *a, struct amqp_event_room *room,
			    struct prov_event *e)
{
	if (IS(&a->name, "x-opt-sequence-number"))
		amqp_number(&a->value, &e->sequence);
	else if (IS(&a->name, "x-opt-offset"))
		e->offset = as_text(&a->value, room->texts[2]);
	else if (IS(&a->name, "x-opt-enqueued-time"))
		amqp_number(&a->value, &e->enqueued_ms);
	else if (IS(&a->name, "iothub-connection-device-id") &&
		 a->value.type == PROV_VALUE_TEXT)
		e->device = a->value.bytes;
	else if (IS(&a->name, "iothub-connection-module-id") &&
		 a->value.type == PROV_VALUE_TEXT)
		e->module = a->value.bytes;
}

static struct prov_bytes body_of(const struct prov_value *body)
{
	if (body->type == PROV_VALUE_TEXT || body->type == PROV_VALUE_BINARY ||
	    body->type == PROV_VALUE_OTHER)
		return body->bytes;
	return (struct prov_bytes){ "", 0 };
}

void amqp_event_read(const struct amqp_message *m, struct amqp_event_room *room,
		     struct prov_event *out)
{
	*out = (struct prov_event){
		.partition = -1,
		.sequence = -1,
		.body = body_of(&m->body),
		.annotations = m->annotations.at,
		.n_annotations = m->annotations.n,
		.properties = m->properties.at,
		.n_properties = m->properties.n,
	};
	for (size_t i = 0; i < m->annotations.n; i++)
		take_annotation(&m->annotations.at[i], room, out);
	read_fields(m->fields, room, out);
}
