#include "event_line.h"

#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* -- for people ------------------------------------------------------------------------ */

/* The first byte of a text that is no UTF-8, or its length. */
static size_t utf8_length(struct prov_bytes text)
{
	const unsigned char *s = (const unsigned char *)text.at;
	size_t i = 0, n;

	while (i < text.len) {
		n = s[i] < 0x80 ? 1 : text_utf8(s + i, text.len - i);
		if (n == 0)
			break;
		i += n;
	}
	return i;
}

static void put_escape(struct lines *to, unsigned char c)
{
	char text[8];

	if (c == '\n')
		lines_put(to, "\\n", 2);
	else if (c == '\t')
		lines_put(to, "\\t", 2);
	else
		lines_put(to, text, (size_t)snprintf(text, sizeof(text), "\\x%02x", c));
}

/* UTF-8 with control characters escaped. */
static void put_safe(struct lines *to, struct prov_bytes text)
{
	const unsigned char *s = (const unsigned char *)text.at;
	size_t i = 0;

	while (i < text.len) {
		size_t from = i;

		while (i < text.len && s[i] >= 0x20 && s[i] != 0x7f &&
		       !(s[i] == 0xc2 && s[i + 1] < 0xa0))
			i++;
		lines_put(to, s + from, i - from);
		if (i == text.len)
			break;
		i += s[i] == 0xc2;
		put_escape(to, s[i++]);
	}
}

static void put_bytes(struct lines *to, struct prov_bytes bytes)
{
	if (bytes.len && utf8_length(bytes) < bytes.len) {
		lines_text(to, "0x");
		lines_hex(to, bytes.at, bytes.len);
	} else {
		put_safe(to, bytes);
	}
}

static void put_real(struct lines *to, double real)
{
	char text[40];
	int n = snprintf(text, sizeof(text), "%.17g", real);

	lines_put(to, text, (size_t)n);
}

static void put_natural(struct lines *to, uint64_t natural)
{
	char text[24];

	lines_put(to, text,
		  (size_t)snprintf(text, sizeof(text), "%llu",
				   (unsigned long long)natural));
}

static void put_uuid(struct lines *to, struct prov_bytes bytes)
{
	static const size_t ends[] = { 4, 6, 8, 10, 16 };
	size_t at = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (at)
			lines_char(to, '-');
		lines_hex(to, bytes.at + at, ends[i] - at);
		at = ends[i];
	}
}

static void put_value(struct lines *to, const struct prov_value *v)
{
	switch (v->type) {
	case PROV_VALUE_NULL:
		break;
	case PROV_VALUE_BOOL:
		lines_text(to, v->truth ? "true" : "false");
		break;
	case PROV_VALUE_INT:
		lines_integer(to, v->integer);
		break;
	case PROV_VALUE_UINT:
		put_natural(to, v->natural);
		break;
	case PROV_VALUE_REAL:
		put_real(to, v->real);
		break;
	case PROV_VALUE_TIME:
		lines_time(to, v->integer);
		break;
	case PROV_VALUE_TEXT:
	case PROV_VALUE_BINARY:
		put_bytes(to, v->bytes);
		break;
	case PROV_VALUE_UUID:
		put_uuid(to, v->bytes);
		break;
	case PROV_VALUE_OTHER:
		lines_text(to, "0x");
		lines_hex(to, v->bytes.at, v->bytes.len);
		break;
	}
}

static void put_sender(struct lines *to, const struct prov_event *e)
{
	if (e->device.at)
		put_bytes(to, e->device);
	else if (e->topic.at)
		put_bytes(to, e->topic);
	else
		lines_char(to, '-');
	if (e->module.at) {
		lines_char(to, '/');
		put_bytes(to, e->module);
	}
}

/* What the sender says beside body and properties of its own, in the order of JSON. */
struct text_field {
	const char *name;
	size_t offset;
};
#define TEXT_FIELD(name)                                                                 \
	{                                                                                \
#name, offsetof(struct prov_event, name)                                 \
	}

static const struct text_field said[] = {
	TEXT_FIELD(message_id),   TEXT_FIELD(correlation_id),   TEXT_FIELD(user_id),
	TEXT_FIELD(to),           TEXT_FIELD(subject),          TEXT_FIELD(reply_to),
	TEXT_FIELD(content_type), TEXT_FIELD(content_encoding),
};

static const struct prov_bytes *field(const struct prov_event *e,
				      const struct text_field *f)
{
	return (const struct prov_bytes *)((const char *)e + f->offset);
}

static void put_properties(struct lines *to, const struct prov_event *e)
{
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const struct prov_bytes *text = field(e, &said[i]);

		if (!text->at)
			continue;
		lines_char(to, ' ');
		lines_text(to, said[i].name);
		lines_char(to, '=');
		put_bytes(to, *text);
	}
	for (size_t i = 0; i < e->n_properties; i++) {
		lines_char(to, ' ');
		put_bytes(to, e->properties[i].name);
		lines_char(to, '=');
		put_value(to, &e->properties[i].value);
	}
}

void event_line(struct lines *to, const struct prov_event *event, bool properties)
{
	lines_time(to, event->enqueued_ms);
	lines_char(to, ' ');
	put_sender(to, event);
	if (event->body.len) {
		lines_char(to, ' ');
		put_bytes(to, event->body);
	}
	if (properties)
		put_properties(to, event);
	lines_char(to, '\n');
}

/* -- as JSON ------------------------------------------------------------------------------ */

static void json_value(struct lines *to, const struct prov_value *v)
{
	switch (v->type) {
	case PROV_VALUE_NULL:
		lines_text(to, "null");
		break;
	case PROV_VALUE_REAL:
		if (isfinite(v->real))
			put_real(to, v->real);
		else
			lines_text(to, "null");
		break;
	case PROV_VALUE_TEXT:
		lines_json_text(to, v->bytes.at, v->bytes.len);
		break;
	case PROV_VALUE_BINARY:
	case PROV_VALUE_OTHER:
		lines_char(to, '"');
		lines_base64(to, v->bytes.at, v->bytes.len);
		lines_char(to, '"');
		break;
	case PROV_VALUE_TIME:
	case PROV_VALUE_UUID:
		lines_char(to, '"');
		put_value(to, v);
		lines_char(to, '"');
		break;
	case PROV_VALUE_BOOL:
	case PROV_VALUE_INT:
	case PROV_VALUE_UINT:
		put_value(to, v);
		break;
	}
}

static void json_key(struct lines *to, const char *key)
{
	lines_text(to, ",\"");
	lines_text(to, key);
	lines_text(to, "\":");
}

static void json_text(struct lines *to, const char *key, struct prov_bytes text)
{
	if (!text.at)
		return;
	json_key(to, key);
	lines_json_text(to, text.at, text.len);
}

static void json_named(struct lines *to, const char *key, const struct prov_named *list,
		       size_t n)
{
	json_key(to, key);
	lines_char(to, '{');
	for (size_t i = 0; i < n; i++) {
		if (i)
			lines_char(to, ',');
		lines_json_text(to, list[i].name.at, list[i].name.len);
		lines_char(to, ':');
		json_value(to, &list[i].value);
	}
	lines_char(to, '}');
}

/* "application/json", "application/cloudevents+json; charset=utf-8", ... */
static bool says_json(struct prov_bytes type)
{
	const char *semi = type.len ? memchr(type.at, ';', type.len) : NULL;
	size_t len = semi ? (size_t)(semi - type.at) : type.len;

	while (len && type.at[len - 1] == ' ')
		len--;
	return len >= 5 && (strncasecmp(type.at + len - 5, "/json", 5) == 0 ||
			    strncasecmp(type.at + len - 5, "+json", 5) == 0);
}

/* Without a type, only what must have been meant so: an object or an array. */
static bool may_be_json(const struct prov_event *e)
{
	size_t i = 0;

	if (e->content_type.len)
		return says_json(e->content_type);
	while (i < e->body.len && strchr(" \t\r\n", e->body.at[i]) && e->body.at[i])
		i++;
	return i < e->body.len && (e->body.at[i] == '{' || e->body.at[i] == '[');
}

static void json_body(struct lines *to, const struct prov_event *e)
{
	const char *type = "json";

	json_key(to, "body");
	if (!may_be_json(e) || !lines_json(to, e->body.at, e->body.len)) {
		if (utf8_length(e->body) == e->body.len) {
			type = "text";
			lines_json_text(to, e->body.at, e->body.len);
		} else {
			type = "base64";
			lines_char(to, '"');
			lines_base64(to, e->body.at, e->body.len);
			lines_char(to, '"');
		}
	}
	json_key(to, "body_type");
	lines_char(to, '"');
	lines_text(to, type);
	lines_char(to, '"');
}

void event_json(struct lines *to, const struct prov_event *e)
{
	lines_text(to, "{\"time\":\"");
	lines_time(to, e->enqueued_ms);
	lines_char(to, '"');
	json_text(to, "device", e->device);
	json_text(to, "module", e->module);
	json_text(to, "topic", e->topic);
	if (e->partition >= 0) {
		json_key(to, "partition");
		lines_integer(to, e->partition);
	}
	if (e->sequence >= 0) {
		json_key(to, "sequence");
		lines_integer(to, e->sequence);
	}
	json_text(to, "offset", e->offset);
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		json_text(to, said[i].name, *field(e, &said[i]));
	json_named(to, "properties", e->properties, e->n_properties);
	json_named(to, "annotations", e->annotations, e->n_annotations);
	json_body(to, e);
	lines_text(to, "}\n");
}
