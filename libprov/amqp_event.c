#include "amqp_event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

/* [AMQP] 3.2.4, in its order; what is not in an event is NULL. */
static void read_properties(struct amqp_value list, struct amqp_event_room *room,
			    struct prov_event *e)
{
	struct prov_bytes *const to[] = {
		&e->message_id,   &e->user_id,          &e->to,
		&e->subject,      &e->reply_to,         &e->correlation_id,
		&e->content_type, &e->content_encoding,
	};
	struct amqp_value field;
	char *text = NULL;

	if (list.shape != AMQP_LIST)
		return;
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]) && amqp_next(&list, &field);
	     i++) {
		text = room->texts[i == 5];
		if (field.v.type == PROV_VALUE_TEXT ||
		    field.v.type == PROV_VALUE_BINARY || i == 0 || i == 5)
			*to[i] = as_text(&field.v, text);
	}
}

static bool add_named(struct amqp_event_room *room, size_t n,
		      const struct amqp_value *key, const struct amqp_value *value)
{
	if (n == room->n_named) {
		size_t more = n ? n * 2 : 32;
		struct prov_named *list =
			realloc(room->named, more * sizeof(room->named[0]));

		if (!list)
			return false;
		room->named = list;
		room->n_named = more;
	}
	room->named[n] = (struct prov_named){ key->v.bytes, value->v };
	return true;
}

/* Behind the `n` that are there; how many then, or -1 without memory. */
static long read_named(struct amqp_value map, struct amqp_event_room *room, size_t n)
{
	struct amqp_value key, value;

	if (map.shape != AMQP_MAP)
		return (long)n;
	while (amqp_next(&map, &key) && amqp_next(&map, &value)) {
		if (key.v.type != PROV_VALUE_TEXT)
			continue;
		if (!add_named(room, n, &key, &value))
			return -1;
		n++;
	}
	return (long)n;
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

/* Its pieces one after the other: [AMQP] 3.2.6 allows several. */
static bool join(struct amqp_span bytes, struct amqp_event_room *room,
		 struct prov_event *e)
{
	size_t len = (size_t)(bytes.end - bytes.at), n = 0;
	struct amqp_value section;

	if (room->body_room < len) {
		uint8_t *more = realloc(room->body, len);

		if (!more)
			return false;
		room->body = more;
		room->body_room = len;
	}
	while (amqp_read(&bytes, &section)) {
		if (section.descriptor != 0x75)
			continue;
		memcpy(room->body + n, section.v.bytes.at, section.v.bytes.len);
		n += section.v.bytes.len;
	}
	e->body = (struct prov_bytes){ (const char *)room->body, n };
	return true;
}

static bool read_body(struct amqp_span bytes, const struct amqp_message *m,
		      struct amqp_event_room *room, struct prov_event *e)
{
	e->body = (struct prov_bytes){ "", 0 };
	if (m->n_data > 1)
		return join(bytes, room, e);
	if (m->n_data)
		e->body = m->data;
	else if (m->has_value && (m->value.v.type == PROV_VALUE_TEXT ||
				  m->value.v.type == PROV_VALUE_BINARY ||
				  m->value.v.type == PROV_VALUE_OTHER))
		e->body = m->value.v.bytes;
	return true;
}

enum amqp_event_result amqp_event_read(struct amqp_span bytes,
				       struct amqp_event_room *room,
				       struct prov_event *out)
{
	struct prov_event e = { .partition = -1, .sequence = -1 };
	struct amqp_message m;
	long n = 0, all;

	if (!amqp_message_read(bytes, &m))
		return AMQP_EVENT_MALFORMED;
	if (m.has_annotations)
		n = read_named(m.annotations, room, 0);
	all = n;
	if (n >= 0 && m.has_application)
		all = read_named(m.application, room, (size_t)n);
	if (n < 0 || all < 0 || !read_body(bytes, &m, room, &e))
		return AMQP_EVENT_NOMEM;
	e.annotations = room->named;
	e.n_annotations = (size_t)n;
	e.properties = n ? room->named + n : room->named;
	e.n_properties = (size_t)(all - n);
	for (size_t i = 0; i < e.n_annotations; i++)
		take_annotation(&e.annotations[i], room, &e);
	if (m.has_properties)
		read_properties(m.properties, room, &e);
	*out = e;
	return AMQP_EVENT_OK;
}

void amqp_event_room_clear(struct amqp_event_room *room)
{
	free(room->named);
	free(room->body);
}
