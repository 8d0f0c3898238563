#include "amqp_message.h"

#include <proton/codec.h>
#include <proton/error.h> /* PN_OVERFLOW */
#include <proton/message.h>
#include <stdlib.h>
#include <string.h>

/* The sections' descriptors ([AMQP] 3.2). */
enum section {
	SECTION_ANNOTATIONS = 0x72,
	SECTION_PROPERTIES,
	SECTION_APPLICATION,
	SECTION_DATA,
	SECTION_SEQUENCE,
	SECTION_VALUE
};

/* Bytes that proton has nowhere as they are wanted. */
struct kept {
	struct kept *next;
	char at[];
};

struct entries {
	struct prov_named *at;
	size_t n, room;
};

struct amqp_codec {
	pn_data_t *in;    /* a message, section by section */
	pn_data_t *alone; /* a value out of it */
	struct entries annotations, properties, map;
	struct kept *kept;
	size_t len;      /* of the message */
	unsigned n_data; /* sections of it */
	char *joined;    /* those, from the second on */
	pn_message_t *out;
	char *bytes; /* of what is written */
	size_t room;
};

struct amqp_codec *amqp_codec_new(void)
{
	struct amqp_codec *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->in = pn_data(64);
	c->alone = pn_data(0);
	c->out = pn_message();
	if (c->in && c->alone && c->out)
		return c;
	amqp_codec_free(c);
	return NULL;
}

static void drop_kept(struct amqp_codec *c)
{
	while (c->kept) {
		struct kept *k = c->kept;

		c->kept = k->next;
		free(k);
	}
}

void amqp_codec_free(struct amqp_codec *c)
{
	if (!c)
		return;
	amqp_message_wipe(c);
	drop_kept(c);
	free(c->annotations.at);
	free(c->properties.at);
	free(c->map.at);
	free(c->bytes);
	pn_data_free(c->in);
	pn_data_free(c->alone);
	pn_message_free(c->out);
	free(c);
}

/* -- values ------------------------------------------------------------------------------ */

static char *keep(struct amqp_codec *c, size_t len)
{
	struct kept *k = malloc(sizeof(*k) + len);

	if (!k)
		return NULL;
	k->next = c->kept;
	c->kept = k;
	return k->at;
}

static bool keep_uuid(struct amqp_codec *c, struct prov_value *v)
{
	pn_uuid_t uuid = pn_data_get_uuid(c->in);
	char *at = keep(c, sizeof(uuid.bytes));

	if (!at)
		return false;
	memcpy(at, uuid.bytes, sizeof(uuid.bytes));
	v->bytes = (struct prov_bytes){ at, sizeof(uuid.bytes) };
	return true;
}

/*
 * What a list and the like is in bytes: proton encodes all of a tree, which is copied alone
 * for it. That begins behind a descriptor or a key; what has none before it, a field that
 * no list belongs in, has no bytes.
 */
static bool keep_encoded(struct amqp_codec *c, struct prov_value *v)
{
	pn_handle_t here = pn_data_point(c->in);
	ssize_t len = 0;
	char *at;

	pn_data_clear(c->alone);
	if (pn_data_prev(c->in)) {
		pn_data_narrow(c->in);
		if (pn_data_appendn(c->alone, c->in, 1) == 0)
			len = pn_data_encoded_size(c->alone);
		pn_data_widen(c->in);
		pn_data_restore(c->in, here);
	}
	at = keep(c, len > 0 ? (size_t)len : 0);
	if (at && len > 0)
		len = pn_data_encode(c->alone, at, (size_t)len);
	v->bytes = (struct prov_bytes){ at, len > 0 ? (size_t)len : 0 };
	return at;
}

static struct prov_bytes bytes_of(pn_bytes_t b)
{
	return (struct prov_bytes){ b.size ? b.start : "", b.size };
}

static bool is_natural(const pn_atom_t *a, uint64_t *out)
{
	switch (a->type) {
	case PN_UBYTE:
		*out = a->u.as_ubyte;
		return true;
	case PN_USHORT:
		*out = a->u.as_ushort;
		return true;
	case PN_UINT:
		*out = a->u.as_uint;
		return true;
	case PN_CHAR:
		*out = a->u.as_char;
		return true;
	case PN_ULONG:
		*out = a->u.as_ulong;
		return true;
	default:
		return false;
	}
}

static bool is_integer(const pn_atom_t *a, int64_t *out)
{
	switch (a->type) {
	case PN_BYTE:
		*out = a->u.as_byte;
		return true;
	case PN_SHORT:
		*out = a->u.as_short;
		return true;
	case PN_INT:
		*out = a->u.as_int;
		return true;
	case PN_LONG:
		*out = a->u.as_long;
		return true;
	default:
		return false;
	}
}

/* The one that `in` is at. False without memory. */
static bool read_value(struct amqp_codec *c, struct prov_value *out)
{
	pn_atom_t a = pn_data_get_atom(c->in);
	struct prov_value v = { .type = PROV_VALUE_NULL };
	bool good = true;

	switch (a.type) {
	case PN_NULL:
		break;
	case PN_BOOL:
		v.type = PROV_VALUE_BOOL;
		v.truth = a.u.as_bool;
		break;
	case PN_STRING:
	case PN_SYMBOL:
		v.type = PROV_VALUE_TEXT;
		v.bytes = bytes_of(a.u.as_bytes);
		break;
	case PN_BINARY:
		v.type = PROV_VALUE_BINARY;
		v.bytes = bytes_of(a.u.as_bytes);
		break;
	case PN_TIMESTAMP:
		v.type = PROV_VALUE_TIME;
		v.integer = a.u.as_timestamp;
		break;
	case PN_FLOAT:
		v.type = PROV_VALUE_REAL;
		v.real = (double)a.u.as_float;
		break;
	case PN_DOUBLE:
		v.type = PROV_VALUE_REAL;
		v.real = a.u.as_double;
		break;
	case PN_UUID:
		v.type = PROV_VALUE_UUID;
		good = keep_uuid(c, &v);
		break;
	default: /* numbers; or lists, maps, arrays, decimals, and what is described */
		if (is_integer(&a, &v.integer)) {
			v.type = PROV_VALUE_INT;
		} else if (is_natural(&a, &v.natural)) {
			v.type = PROV_VALUE_UINT;
		} else {
			v.type = PROV_VALUE_OTHER;
			good = keep_encoded(c, &v);
		}
		break;
	}
	*out = v;
	return good;
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

static bool is_text(pn_data_t *at)
{
	return pn_data_type(at) == PN_STRING || pn_data_type(at) == PN_SYMBOL;
}

void amqp_each_text(const struct prov_value *list, amqp_each *each, void *ctx)
{
	pn_data_t *d = list->type == PROV_VALUE_OTHER ? pn_data(0) : NULL;

	if (d && pn_data_decode(d, list->bytes.at, list->bytes.len) > 0) {
		pn_data_rewind(d);
		pn_data_next(d);
		if (pn_data_type(d) == PN_LIST || pn_data_type(d) == PN_ARRAY)
			pn_data_enter(d);
		while (pn_data_next(d))
			if (is_text(d) && !each(ctx, bytes_of(pn_data_get_bytes(d))))
				break;
	}
	pn_data_free(d);
}

/* -- sections ---------------------------------------------------------------------------- */

static bool room_for(struct entries *e, size_t n)
{
	struct prov_named *more;

	if (n <= e->room)
		return true;
	more = realloc(e->at, n * sizeof(e->at[0]));
	if (!more)
		return false;
	e->at = more;
	e->room = n;
	return true;
}

/* The map that `in` is at; of something else, nothing. False without memory. */
static bool read_map(struct amqp_codec *c, struct entries *e)
{
	bool good;

	e->n = 0;
	if (pn_data_type(c->in) != PN_MAP)
		return true;
	good = room_for(e, pn_data_get_map(c->in) / 2);
	pn_data_enter(c->in);
	while (good && e->n < e->room && pn_data_next(c->in)) {
		bool text = is_text(c->in);
		struct prov_named *entry = &e->at[e->n];

		entry->name = bytes_of(pn_data_get_bytes(c->in));
		if (!pn_data_next(c->in))
			break;
		if (!text)
			continue;
		good = read_value(c, &entry->value);
		e->n++;
	}
	pn_data_exit(c->in);
	return good;
}

static bool read_fields(struct amqp_codec *c, struct amqp_message *m)
{
	bool good = true;

	if (pn_data_type(c->in) != PN_LIST)
		return true;
	pn_data_enter(c->in);
	for (size_t i = 0; good && i < AMQP_FIELDS && pn_data_next(c->in); i++)
		good = read_value(c, &m->fields[i]);
	pn_data_exit(c->in);
	return good;
}

/* A piece of it: [AMQP] 3.2.6 allows several. */
static enum amqp_reading read_data(struct amqp_codec *c, struct prov_value *body)
{
	pn_bytes_t piece = pn_data_get_binary(c->in);

	if (pn_data_type(c->in) != PN_BINARY)
		return AMQP_READ_MALFORMED;
	if (c->n_data++ == 0) {
		c->map.n = 0;
		body->type = PROV_VALUE_BINARY;
		body->bytes = bytes_of(piece);
		return AMQP_READ_OK;
	}
	if (!c->joined) {
		c->joined = keep(c, c->len); /* all pieces are in it */
		if (!c->joined)
			return AMQP_READ_NOMEM;
		memcpy(c->joined, body->bytes.at, body->bytes.len);
		body->bytes.at = c->joined;
	}
	if (piece.size)
		memcpy(c->joined + body->bytes.len, piece.start, piece.size);
	body->bytes.len += piece.size;
	return AMQP_READ_OK;
}

/* The one whose value `in` is at. */
static enum amqp_reading read_section(struct amqp_codec *c, uint64_t descriptor,
				      struct amqp_message *m)
{
	bool good = true;

	switch (descriptor) {
	case SECTION_ANNOTATIONS:
		good = read_map(c, &c->annotations);
		break;
	case SECTION_PROPERTIES:
		good = read_fields(c, m);
		break;
	case SECTION_APPLICATION:
		good = read_map(c, &c->properties);
		break;
	case SECTION_DATA:
		return read_data(c, &m->body);
	case SECTION_SEQUENCE:
	case SECTION_VALUE:
		if (c->n_data == 0)
			good = read_value(c, &m->body) && read_map(c, &c->map);
		break;
	default: /* a header, a footer */
		break;
	}
	return good ? AMQP_READ_OK : AMQP_READ_NOMEM;
}

/*
 * All sections, one after the other in one tree. pn_message_decode is not used for it: what
 * is cut short it takes, and of several data sections it keeps the last.
 */
static enum amqp_reading decode(pn_data_t *to, struct prov_bytes bytes)
{
	pn_data_clear(to);
	while (bytes.len) {
		ssize_t n = pn_data_decode(to, bytes.at, bytes.len);

		if (n == PN_OUT_OF_MEMORY)
			return AMQP_READ_NOMEM;
		if (n <= 0)
			return AMQP_READ_MALFORMED;
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	return AMQP_READ_OK;
}

enum amqp_reading amqp_message_read(struct amqp_codec *c, struct prov_bytes bytes,
				    struct amqp_message *out)
{
	struct amqp_message m = { .body = { .type = PROV_VALUE_NULL } };
	enum amqp_reading rc;

	drop_kept(c);
	c->annotations.n = c->properties.n = c->map.n = 0;
	c->len = bytes.len;
	c->n_data = 0;
	c->joined = NULL;
	rc = decode(c->in, bytes);
	pn_data_rewind(c->in);
	while (rc == AMQP_READ_OK && pn_data_next(c->in)) {
		uint64_t descriptor;

		if (!pn_data_is_described(c->in) || !pn_data_enter(c->in) ||
		    !pn_data_next(c->in))
			return AMQP_READ_MALFORMED;
		descriptor =
			pn_data_type(c->in) == PN_ULONG ? pn_data_get_ulong(c->in) : 0;
		if (!pn_data_next(c->in))
			return AMQP_READ_MALFORMED;
		rc = read_section(c, descriptor, &m);
		pn_data_exit(c->in);
	}
	m.annotations = (struct amqp_named){ c->annotations.at, c->annotations.n };
	m.properties = (struct amqp_named){ c->properties.at, c->properties.n };
	m.map = (struct amqp_named){ c->map.at, c->map.n };
	*out = m;
	return rc;
}

/* -- into bytes -------------------------------------------------------------------------- */

static int put_text(pn_data_t *to, const char *text)
{
	return text ? pn_data_put_string(to, pn_bytes(strlen(text), text))
		    : pn_data_put_null(to);
}

static int put_properties(pn_data_t *to, const struct amqp_outgoing *m)
{
	int rc = 0;

	if (m->n_properties == 0 && !m->ack)
		return 0;
	rc |= pn_data_put_map(to);
	pn_data_enter(to);
	for (size_t i = 0; i < m->n_properties; i++) {
		rc |= put_text(to, m->properties[i].name);
		rc |= put_text(to, m->properties[i].value);
	}
	if (m->ack) {
		rc |= put_text(to, "iothub-ack");
		rc |= put_text(to, m->ack);
	}
	pn_data_exit(to);
	return rc;
}

static pn_msgid_t id_of(const char *text)
{
	pn_msgid_t id = { .type = text ? PN_STRING : PN_NULL };

	if (text)
		id.u.as_bytes = pn_bytes(strlen(text), text);
	return id;
}

static int fill(pn_message_t *to, const struct amqp_outgoing *m)
{
	int rc = 0;

	rc |= pn_message_set_address(to, m->to);
	rc |= pn_message_set_reply_to(to, m->reply_to);
	rc |= pn_message_set_id(to, id_of(m->message_id));
	rc |= pn_message_set_correlation_id(to, id_of(m->correlation_id));
	rc |= pn_message_set_content_type(to, m->content_type);
	rc |= pn_message_set_content_encoding(to, m->content_encoding);
	rc |= pn_message_set_expiry_time(to, m->expires_ms);
	rc |= put_properties(pn_message_properties(to), m);
	rc |= pn_message_set_inferred(to, !m->value);
	if (m->value)
		rc |= put_text(pn_message_body(to), m->text);
	else
		rc |= pn_data_put_binary(pn_message_body(to),
					 pn_bytes(m->len, m->len ? m->body : ""));
	return rc;
}

/* What is in it already is wiped, not copied. */
static bool more_room(struct amqp_codec *c)
{
	size_t room = c->room ? c->room * 2 : 4096;

	if (c->bytes)
		explicit_bzero(c->bytes, c->room);
	free(c->bytes);
	c->bytes = malloc(room);
	c->room = c->bytes ? room : 0;
	return c->bytes;
}

struct prov_bytes amqp_message_write(struct amqp_codec *c,
				     const struct amqp_outgoing *message)
{
	size_t len = 0;
	int rc = fill(c->out, message);

	while (rc == 0) {
		len = c->room;
		rc = len ? pn_message_encode(c->out, c->bytes, &len) : PN_OVERFLOW;
		if (rc != PN_OVERFLOW)
			break;
		rc = more_room(c) ? 0 : PN_OUT_OF_MEMORY;
	}
	return rc == 0 ? (struct prov_bytes){ c->bytes, len }
		       : (struct prov_bytes){ NULL, 0 };
}

void amqp_message_wipe(struct amqp_codec *c)
{
	if (c->bytes)
		explicit_bzero(c->bytes, c->room);
	if (c->out)
		pn_message_clear(c->out);
}
