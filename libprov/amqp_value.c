#include "amqp_value.h"

#include <string.h>

/* What a constructor stands for ([AMQP] 1.6); its high digit says how wide it is. */
static const uint8_t types[256] = {
	[0x40] = 1 + PROV_VALUE_NULL,   [0x41] = 1 + PROV_VALUE_BOOL,
	[0x42] = 1 + PROV_VALUE_BOOL,   [0x43] = 1 + PROV_VALUE_UINT,
	[0x44] = 1 + PROV_VALUE_UINT,   [0x45] = 1 + PROV_VALUE_OTHER,
	[0x50] = 1 + PROV_VALUE_UINT,   [0x51] = 1 + PROV_VALUE_INT,
	[0x52] = 1 + PROV_VALUE_UINT,   [0x53] = 1 + PROV_VALUE_UINT,
	[0x54] = 1 + PROV_VALUE_INT,    [0x55] = 1 + PROV_VALUE_INT,
	[0x56] = 1 + PROV_VALUE_BOOL,   [0x60] = 1 + PROV_VALUE_UINT,
	[0x61] = 1 + PROV_VALUE_INT,    [0x70] = 1 + PROV_VALUE_UINT,
	[0x71] = 1 + PROV_VALUE_INT,    [0x72] = 1 + PROV_VALUE_REAL,
	[0x73] = 1 + PROV_VALUE_UINT,   [0x74] = 1 + PROV_VALUE_OTHER,
	[0x80] = 1 + PROV_VALUE_UINT,   [0x81] = 1 + PROV_VALUE_INT,
	[0x82] = 1 + PROV_VALUE_REAL,   [0x83] = 1 + PROV_VALUE_TIME,
	[0x84] = 1 + PROV_VALUE_OTHER,  [0x94] = 1 + PROV_VALUE_OTHER,
	[0x98] = 1 + PROV_VALUE_UUID,   [0xa0] = 1 + PROV_VALUE_BINARY,
	[0xa1] = 1 + PROV_VALUE_TEXT,   [0xa3] = 1 + PROV_VALUE_TEXT,
	[0xb0] = 1 + PROV_VALUE_BINARY, [0xb1] = 1 + PROV_VALUE_TEXT,
	[0xb3] = 1 + PROV_VALUE_TEXT,   [0xc0] = 1 + PROV_VALUE_OTHER,
	[0xc1] = 1 + PROV_VALUE_OTHER,  [0xd0] = 1 + PROV_VALUE_OTHER,
	[0xd1] = 1 + PROV_VALUE_OTHER,  [0xe0] = 1 + PROV_VALUE_OTHER,
	[0xf0] = 1 + PROV_VALUE_OTHER,
};

static bool take(struct amqp_span *from, size_t n, const uint8_t **out)
{
	if ((size_t)(from->end - from->at) < n)
		return false;
	*out = from->at;
	from->at += n;
	return true;
}

static uint64_t big_endian(const uint8_t *b, size_t n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *b++;
	return v;
}

static struct prov_bytes bytes_of(const uint8_t *at, size_t len)
{
	return (struct prov_bytes){ (const char *)at, len };
}

/* Widths of 0, 1, 2, 4, 8 and 16 bytes. */
static void read_fixed(uint8_t code, const uint8_t *b, size_t width, struct prov_value *v)
{
	uint64_t bits = width <= 8 ? big_endian(b, width) : 0;
	unsigned unused = width && width < 8 ? 64 - 8 * (unsigned)width : 0;
	uint32_t half = (uint32_t)bits;
	float single;

	switch (v->type) {
	case PROV_VALUE_BOOL:
		v->truth = width ? bits != 0 : code == 0x41;
		break;
	case PROV_VALUE_UINT:
		v->natural = bits;
		break;
	case PROV_VALUE_INT:
	case PROV_VALUE_TIME:
		v->integer = (int64_t)(bits << unused) >> unused;
		break;
	case PROV_VALUE_REAL:
		memcpy(&single, &half, sizeof(single));
		if (width == 8)
			memcpy(&v->real, &bits, sizeof(v->real));
		else
			v->real = (double)single;
		break;
	case PROV_VALUE_NULL:
		break;
	case PROV_VALUE_TEXT:
	case PROV_VALUE_BINARY:
	case PROV_VALUE_UUID:
	case PROV_VALUE_OTHER:
		v->bytes = bytes_of(b, width);
		break;
	}
}

/* Size and count of a list, a map or an array, whose constructor comes last. */
static bool read_compound(uint8_t code, struct amqp_span *from, struct amqp_value *out)
{
	size_t width = code & 0x10 ? 4 : 1, size;
	const uint8_t *head, *rest;

	if (!take(from, width, &head))
		return false;
	size = (size_t)big_endian(head, width);
	if (size < width || !take(from, size, &rest))
		return false;
	out->left = (size_t)big_endian(rest, width);
	out->inside = (struct amqp_span){ rest + width, rest + size };
	out->shape = code >= 0xe0 ? AMQP_ARRAY : code & 1 ? AMQP_MAP : AMQP_LIST;
	if (out->shape == AMQP_ARRAY && out->left) {
		const uint8_t *constructor;

		if (!take(&out->inside, 1, &constructor))
			return false;
		out->constructor = *constructor;
	}
	/* Nobody sends arrays of a thousand nulls, which would need no bytes. */
	return out->left <= (size_t)(out->inside.end - out->inside.at);
}

/* What is behind a constructor. */
static bool read_as(uint8_t code, struct amqp_span *from, struct amqp_value *out)
{
	static const uint8_t widths[] = {
		[4] = 0, [5] = 1, [6] = 2, [7] = 4, [8] = 8, [9] = 16
	};
	const uint8_t *b;
	size_t len;

	if (!types[code])
		return false;
	out->v.type = (enum prov_value_type)(types[code] - 1);
	out->shape = code == 0x45 ? AMQP_LIST : AMQP_SINGLE;
	out->left = 0;
	if (code >> 4 >= 0xc)
		return read_compound(code, from, out);
	if (code >> 4 <= 9) {
		len = widths[code >> 4];
		if (!take(from, len, &b))
			return false;
		read_fixed(code, b, len, &out->v);
		return true;
	}
	len = code & 0x10 ? 4 : 1;
	if (!take(from, len, &b))
		return false;
	len = (size_t)big_endian(b, len);
	if (!take(from, len, &b))
		return false;
	out->v.bytes = bytes_of(b, len);
	return true;
}

/* A descriptor, of which only numbers and symbols are in use. */
static bool read_descriptor(struct amqp_span *from, struct amqp_value *out)
{
	struct amqp_value descriptor = { 0 };
	const uint8_t *code;

	if (!take(from, 1, &code) || !read_as(*code, from, &descriptor))
		return false;
	out->described = true;
	if (descriptor.v.type == PROV_VALUE_UINT)
		out->descriptor = descriptor.v.natural;
	return true;
}

bool amqp_read(struct amqp_span *from, struct amqp_value *out)
{
	const uint8_t *begin = from->at, *code;

	*out = (struct amqp_value){ .descriptor = 0 };
	if (!take(from, 1, &code))
		return false;
	if (*code == 0 && (!read_descriptor(from, out) || !take(from, 1, &code)))
		return false;
	if (!read_as(*code, from, out))
		return false;
	if (out->v.type == PROV_VALUE_OTHER)
		out->v.bytes = bytes_of(begin, (size_t)(from->at - begin));
	return true;
}

bool amqp_next(struct amqp_value *of, struct amqp_value *out)
{
	if (of->shape == AMQP_SINGLE || of->left == 0)
		return false;
	of->left--;
	if (of->shape != AMQP_ARRAY)
		return amqp_read(&of->inside, out);
	*out = (struct amqp_value){ .descriptor = 0 };
	return read_as(of->constructor, &of->inside, out);
}

bool amqp_is(const struct prov_value *value, const char *text)
{
	size_t len = strlen(text);

	return value->type == PROV_VALUE_TEXT && value->bytes.len == len &&
	       memcmp(value->bytes.at, text, len) == 0;
}

bool amqp_number(const struct prov_value *value, int64_t *out)
{
	if (value->type == PROV_VALUE_INT || value->type == PROV_VALUE_TIME)
		*out = value->integer;
	else if (value->type == PROV_VALUE_UINT && value->natural <= INT64_MAX)
		*out = (int64_t)value->natural;
	else
		return false;
	return true;
}

bool amqp_lookup(struct amqp_value map, const char *text, struct amqp_value *out)
{
	struct amqp_value key;

	if (map.shape != AMQP_MAP)
		return false;
	while (amqp_next(&map, &key) && amqp_next(&map, out))
		if (amqp_is(&key.v, text))
			return true;
	return false;
}

/* -- a message ----------------------------------------------------------------------- */

/* The sections' descriptors ([AMQP] 3.2). */
enum section {
	SECTION_ANNOTATIONS = 0x72,
	SECTION_PROPERTIES,
	SECTION_APPLICATION,
	SECTION_DATA,
	SECTION_SEQUENCE,
	SECTION_VALUE
};

static void keep(struct amqp_value *value, struct amqp_value *to, bool *has)
{
	value->described = false;
	*to = *value;
	*has = true;
}

bool amqp_message_read(struct amqp_span bytes, struct amqp_message *out)
{
	struct amqp_value section;

	*out = (struct amqp_message){ .n_data = 0 };
	while (bytes.at < bytes.end) {
		if (!amqp_read(&bytes, &section) || !section.described)
			return false;
		switch (section.descriptor) {
		case SECTION_ANNOTATIONS:
			keep(&section, &out->annotations, &out->has_annotations);
			break;
		case SECTION_PROPERTIES:
			keep(&section, &out->properties, &out->has_properties);
			break;
		case SECTION_APPLICATION:
			keep(&section, &out->application, &out->has_application);
			break;
		case SECTION_DATA:
			if (section.v.type != PROV_VALUE_BINARY)
				return false;
			if (out->n_data++ == 0)
				out->data = section.v.bytes;
			break;
		case SECTION_SEQUENCE:
		case SECTION_VALUE:
			keep(&section, &out->value, &out->has_value);
			break;
		default: /* a header, a footer */
			break;
		}
	}
	return true;
}

/* -- into bytes ------------------------------------------------------------------------ */

static void put(struct amqp_writer *w, const void *from, size_t n)
{
	if (w->full || w->room - w->n < n) {
		w->full = true;
		return;
	}
	memcpy(w->to + w->n, from, n);
	w->n += n;
}

static void put_byte(struct amqp_writer *w, uint8_t byte)
{
	put(w, &byte, 1);
}

static void put_u32(struct amqp_writer *w, size_t v)
{
	const uint8_t b[] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			      (uint8_t)v };

	put(w, b, sizeof(b));
}

/* str32-utf8, or null */
static void put_text(struct amqp_writer *w, const char *text)
{
	if (!text) {
		put_byte(w, 0x40);
		return;
	}
	put_byte(w, 0xb1);
	put_u32(w, strlen(text));
	put(w, text, strlen(text));
}

static void put_section(struct amqp_writer *w, enum section section)
{
	const uint8_t head[] = { 0x00, 0x53, (uint8_t)section };

	put(w, head, sizeof(head));
}

/* list32 or map32, whose size is filled in by end_compound. */
static size_t begin_compound(struct amqp_writer *w, uint8_t code, size_t count)
{
	size_t at;

	put_byte(w, code);
	at = w->n;
	put_u32(w, 0);
	put_u32(w, count);
	return at;
}

static void end_compound(struct amqp_writer *w, size_t at)
{
	struct amqp_writer size = { w->to + at, 4, 0, w->full };

	put_u32(&size, w->n - at - 4);
}

bool amqp_request_write(const struct amqp_request *r, struct amqp_writer *w)
{
	size_t at, n = 0;

	put_section(w, SECTION_PROPERTIES);
	at = begin_compound(w, 0xd0, 5);
	put_text(w, r->message_id);
	put_text(w, NULL); /* user-id */
	put_text(w, r->to);
	put_text(w, NULL); /* subject */
	put_text(w, r->reply_to);
	end_compound(w, at);
	while (r->pairs[n])
		n++;
	put_section(w, SECTION_APPLICATION);
	at = begin_compound(w, 0xd1, n);
	for (size_t i = 0; i < n; i++)
		put_text(w, r->pairs[i]);
	end_compound(w, at);
	put_section(w, SECTION_VALUE);
	put_text(w, r->body);
	return !w->full;
}

/* sym32 or null: what a content type and encoding are */
static void put_symbol(struct amqp_writer *w, const char *text)
{
	put_byte(w, text ? 0xb3 : 0x40);
	if (!text)
		return;
	put_u32(w, strlen(text));
	put(w, text, strlen(text));
}

static void put_time(struct amqp_writer *w, int64_t ms)
{
	if (!ms) {
		put_byte(w, 0x40);
		return;
	}
	put_byte(w, 0x83);
	put_u32(w, (size_t)((uint64_t)ms >> 32));
	put_u32(w, (size_t)((uint64_t)ms & UINT32_MAX));
}

static void put_properties(struct amqp_writer *w, const struct amqp_outgoing *m)
{
	size_t at;

	put_section(w, SECTION_PROPERTIES);
	at = begin_compound(w, 0xd0, 9);
	put_text(w, m->message_id);
	put_text(w, NULL); /* user-id */
	put_text(w, m->to);
	put_text(w, NULL); /* subject */
	put_text(w, NULL); /* reply-to */
	put_text(w, m->correlation_id);
	put_symbol(w, m->content_type);
	put_symbol(w, m->content_encoding);
	put_time(w, m->expires_ms);
	end_compound(w, at);
}

bool amqp_message_write(const struct amqp_outgoing *m, struct amqp_writer *w)
{
	size_t at;

	put_properties(w, m);
	put_section(w, SECTION_APPLICATION);
	at = begin_compound(w, 0xd1, 2 * (m->n_properties + (m->ack != NULL)));
	for (size_t i = 0; i < m->n_properties; i++) {
		put_text(w, m->properties[i].name);
		put_text(w, m->properties[i].value);
	}
	if (m->ack) {
		put_text(w, "iothub-ack");
		put_text(w, m->ack);
	}
	end_compound(w, at);
	put_section(w, SECTION_DATA);
	put_byte(w, 0xb0);
	put_u32(w, m->len);
	if (m->len)
		put(w, m->body, m->len);
	return !w->full;
}
