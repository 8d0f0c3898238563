#include "amqp/content.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amqp/amqp.h"
#include "amqp/batch.h"

static pn_bytes_t bytes_of(const char *text)
{
	return pn_bytes(strlen(text), text);
}

/* -- encoding ------------------------------------------------------------------------ */

bool content_encode(pn_message_t *message, struct text *to)
{
	size_t room = 512, len;
	int rc = PN_OVERFLOW;

	while (rc == PN_OVERFLOW) {
		char *at = text_reserve(to, room);

		if (!at)
			return false;
		len = room;
		rc = pn_message_encode(message, at, &len);
		room *= 2;
	}
	if (rc == 0)
		to->len += len;
	return rc == 0;
}

void content_put(pn_data_t *map, const char *name, const char *text)
{
	pn_data_put_symbol(map, bytes_of(name));
	pn_data_put_string(map, bytes_of(text));
}

static pn_atom_t atom_of(const char *text)
{
	pn_atom_t atom = { .type = text ? PN_STRING : PN_NULL };

	if (text)
		atom.u.as_bytes = bytes_of(text);
	return atom;
}

static void fill_properties(pn_data_t *to, const struct message *from)
{
	pn_data_put_map(to);
	pn_data_enter(to);
	for (size_t i = 0; i < from->property_count; i++) {
		const struct message_property *property = &from->properties[i];

		pn_data_put_string(to, bytes_of(property->name));
		if (property->value)
			pn_data_put_string(to, bytes_of(property->value));
		else
			pn_data_put_null(to);
	}
	if (from->texts[MESSAGE_CREATED]) {
		pn_data_put_string(to, bytes_of("iothub-creation-time-utc"));
		pn_data_put_string(to, bytes_of(from->texts[MESSAGE_CREATED]));
	}
	pn_data_exit(to);
}

void content_fill(pn_message_t *to, const struct message *from)
{
	const char *const *texts = from->texts;

	pn_message_set_id(to, atom_of(texts[MESSAGE_ID]));
	pn_message_set_correlation_id(to, atom_of(texts[MESSAGE_CORRELATION_ID]));
	if (texts[MESSAGE_USER_ID])
		pn_message_set_user_id(to, bytes_of(texts[MESSAGE_USER_ID]));
	pn_message_set_address(to, texts[MESSAGE_TO]);
	pn_message_set_content_type(to, texts[MESSAGE_CONTENT_TYPE]);
	pn_message_set_content_encoding(to, texts[MESSAGE_CONTENT_ENCODING]);
	if (from->property_count || texts[MESSAGE_CREATED])
		fill_properties(pn_message_properties(to), from);
	pn_message_set_inferred(to, true); /* a Data section */
	pn_data_put_binary(pn_message_body(to), pn_bytes(from->body_len, from->body));
}

/* -- events -------------------------------------------------------------------------- */

/* "Create and read IoT Hub messages": what the hub says of an event. */
static const struct {
	enum message_text text;
	const char *name;
} annotations[] = {
	{ MESSAGE_DEVICE, "x-opt-partition-key" },
	{ MESSAGE_DEVICE, "iothub-connection-device-id" },
	{ MESSAGE_MODULE, "iothub-connection-module-id" },
	{ MESSAGE_AUTH_METHOD, "iothub-connection-auth-method" },
	{ MESSAGE_GENERATION, "iothub-connection-auth-generation-id" },
	{ MESSAGE_SOURCE, "iothub-message-source" },
	{ MESSAGE_SCHEMA, "dt-dataschema" },
	{ MESSAGE_SUBJECT, "dt-subject" },
	{ MESSAGE_INTERFACE, "iothub-interface-name" },
};

#define ANNOTATIONS (sizeof(annotations) / sizeof(annotations[0]))

static void annotate(pn_data_t *to, const struct event *event)
{
	char offset[24];

	snprintf(offset, sizeof(offset), "%" PRId64, event->offset);
	pn_data_put_map(to);
	pn_data_enter(to);
	pn_data_put_symbol(to, bytes_of("x-opt-sequence-number"));
	pn_data_put_long(to, event->sequence);
	content_put(to, "x-opt-offset", offset);
	pn_data_put_symbol(to, bytes_of("x-opt-enqueued-time"));
	pn_data_put_timestamp(to, event->enqueued_ms);
	pn_data_put_symbol(to, bytes_of("iothub-enqueuedtime"));
	pn_data_put_timestamp(to, event->enqueued_ms);
	for (size_t i = 0; i < ANNOTATIONS; i++)
		if (event->message.texts[annotations[i].text])
			content_put(to, annotations[i].name,
				    event->message.texts[annotations[i].text]);
	pn_data_exit(to);
}

void amqp_encode(struct text *to, const struct event *event)
{
	pn_message_t *message = pn_message();

	if (!message) {
		to->failed = true;
		return;
	}
	annotate(pn_message_annotations(message), event);
	content_fill(message, &event->message);
	if (!content_encode(message, to))
		to->failed = true;
	pn_message_free(message);
}

/* -- decoding ------------------------------------------------------------------------ */

/* Of what a value of AMQP becomes as text, a byte of it; the longest is false's. */
#define TEXT_PER_BYTE 6

bool content_named(pn_bytes_t name, const char *wanted)
{
	return name.size == strlen(wanted) && memcmp(name.start, wanted, name.size) == 0;
}

static const char *keep(struct content *content, const char *text, size_t len)
{
	char *at = content->texts + content->used;

	if (len >= content->room - content->used || memchr(text, '\0', len))
		return NULL;
	if (len)
		memcpy(at, text, len);
	at[len] = '\0';
	content->used += len + 1;
	return at;
}

/* 8-4-4-4-12 */
static int print_uuid(char *to, const char *raw)
{
	int len = 0;

	for (int i = 0; i < 16; i++)
		len += sprintf(to + len,
			       i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x",
			       (unsigned char)raw[i]);
	return len;
}

static int print_number(char *to, size_t room, pn_atom_t atom)
{
	switch (atom.type) {
	case PN_BOOL:
		return snprintf(to, room, "%s", atom.u.as_bool ? "true" : "false");
	case PN_UBYTE:
		return snprintf(to, room, "%u", atom.u.as_ubyte);
	case PN_BYTE:
		return snprintf(to, room, "%d", atom.u.as_byte);
	case PN_USHORT:
		return snprintf(to, room, "%u", atom.u.as_ushort);
	case PN_SHORT:
		return snprintf(to, room, "%d", atom.u.as_short);
	case PN_UINT:
		return snprintf(to, room, "%" PRIu32, atom.u.as_uint);
	case PN_INT:
		return snprintf(to, room, "%" PRId32, atom.u.as_int);
	case PN_ULONG:
		return snprintf(to, room, "%" PRIu64, atom.u.as_ulong);
	case PN_LONG:
		return snprintf(to, room, "%" PRId64, atom.u.as_long);
	case PN_TIMESTAMP:
		return snprintf(to, room, "%" PRId64, atom.u.as_timestamp);
	case PN_FLOAT:
		return snprintf(to, room, "%.9g", (double)atom.u.as_float);
	case PN_DOUBLE:
		return snprintf(to, room, "%.17g", atom.u.as_double);
	case PN_UUID:
		return print_uuid(to, atom.u.as_uuid.bytes);
	default:
		return -1;
	}
}

/* NULL: it has no value that is a text, or one with a NUL in it. */
static const char *keep_atom(struct content *content, pn_atom_t atom)
{
	char text[48];
	int len;

	if (atom.type == PN_STRING || atom.type == PN_SYMBOL || atom.type == PN_BINARY)
		return keep(content, atom.u.as_bytes.start, atom.u.as_bytes.size);
	len = print_number(text, sizeof(text), atom);
	return len < 0 ? NULL : keep(content, text, (size_t)len);
}

static const char *take_properties(struct content *content)
{
	pn_data_t *data = pn_message_properties(content->proton);
	size_t count;

	pn_data_rewind(data);
	if (!pn_data_next(data) || pn_data_type(data) != PN_MAP)
		return NULL;
	count = pn_data_get_map(data) / 2;
	if (count > content->property_room) {
		void *more = reallocarray(content->properties, count,
					  sizeof(*content->properties));

		if (!more)
			return "no memory";
		content->properties = more;
		content->property_room = count;
	}
	pn_data_enter(data);
	while (content->message.property_count < count && pn_data_next(data)) {
		struct message_property *property =
			&content->properties[content->message.property_count++];

		property->name = keep_atom(content, pn_data_get_atom(data));
		if (!property->name || !*property->name || !pn_data_next(data))
			return "an application property has no name";
		property->value = keep_atom(content, pn_data_get_atom(data));
		if (!property->value && pn_data_type(data) != PN_NULL)
			return "an application property is neither a text nor a number";
	}
	pn_data_exit(data);
	content->message.properties = content->properties;
	return NULL;
}

static void take_annotation(struct content *content, pn_bytes_t name, const char *value)
{
	const char **texts = content->message.texts;
	unsigned long long version;

	if (content_named(name, "dt-subject"))
		texts[MESSAGE_SUBJECT] = value;
	else if (content_named(name, "dt-dataschema"))
		texts[MESSAGE_SCHEMA] = value;
	else if (content_named(name, "iothub-interface-id") ||
		 content_named(name, "iothub-interface-name"))
		texts[MESSAGE_INTERFACE] = value;
	else if (content_named(name, "operation"))
		snprintf(content->operation, sizeof(content->operation), "%s", value);
	else if (content_named(name, "resource"))
		snprintf(content->resource, sizeof(content->resource), "%s", value);
	else if (content_named(name, "version") &&
		 parse_whole(value, strlen(value), INT64_MAX, &version))
		content->version = (int64_t)version;
}

static void take_annotations(struct content *content)
{
	pn_data_t *data = pn_message_annotations(content->proton);

	pn_data_rewind(data);
	if (!pn_data_next(data) || pn_data_type(data) != PN_MAP)
		return;
	pn_data_enter(data);
	while (pn_data_next(data)) {
		pn_atom_t name = pn_data_get_atom(data);
		const char *value;

		if (!pn_data_next(data))
			break;
		value = keep_atom(content, pn_data_get_atom(data));
		if (value && (name.type == PN_SYMBOL || name.type == PN_STRING))
			take_annotation(content, name.u.as_bytes, value);
	}
	pn_data_exit(data);
}

/* Several Data sections are one body, of which proton keeps the last. */
static void join_data(struct content *content, const char *bytes, size_t len)
{
	struct batch sections = { bytes, len };
	size_t count = 0, part_len;
	const char *part;
	char *at = content->texts + content->used;

	while (batch_next(&sections, &part, &part_len))
		count++;
	if (count < 2)
		return;
	content->message.body = at;
	content->message.body_len = 0;
	sections = (struct batch){ bytes, len };
	while (batch_next(&sections, &part, &part_len)) {
		memcpy(at + content->message.body_len, part, part_len);
		content->message.body_len += part_len;
	}
	content->used += content->message.body_len;
}

static const char *take_body(struct content *content)
{
	pn_data_t *data = pn_message_body(content->proton);
	pn_bytes_t bytes = { 0 };

	pn_data_rewind(data);
	if (!pn_data_next(data) || pn_data_type(data) == PN_NULL)
		;
	else if (pn_data_type(data) == PN_BINARY)
		bytes = pn_data_get_binary(data);
	else if (pn_data_type(data) == PN_STRING)
		bytes = pn_data_get_string(data);
	else
		return "its body is neither Data nor a string";
	content->message.body = bytes.size ? bytes.start : "";
	content->message.body_len = bytes.size;
	return NULL;
}

static void take_texts(struct content *content)
{
	pn_message_t *proton = content->proton;
	const char **texts = content->message.texts;
	pn_bytes_t user = pn_message_get_user_id(proton);

	texts[MESSAGE_ID] = keep_atom(content, pn_message_get_id(proton));
	texts[MESSAGE_CORRELATION_ID] =
		keep_atom(content, pn_message_get_correlation_id(proton));
	if (user.size)
		texts[MESSAGE_USER_ID] = keep(content, user.start, user.size);
	texts[MESSAGE_TO] = pn_message_get_address(proton);
	texts[MESSAGE_CONTENT_TYPE] = pn_message_get_content_type(proton);
	texts[MESSAGE_CONTENT_ENCODING] = pn_message_get_content_encoding(proton);
}

static bool make_ready(struct content *content, size_t len)
{
	size_t room = len * TEXT_PER_BYTE + 256;

	if (!content->proton)
		content->proton = pn_message();
	if (room > content->room) {
		free(content->texts);
		content->texts = malloc(room);
		content->room = content->texts ? room : 0;
	}
	content->used = 0;
	content->message = (struct message){ 0 };
	*content->operation = *content->resource = '\0';
	content->version = -1;
	return content->proton && content->texts;
}

const char *content_decode(struct content *content, const char *bytes, size_t len)
{
	const char *wrong;

	if (!make_ready(content, len))
		return "no memory";
	/* decoding alone leaves what the message before had, and this one has not */
	pn_message_clear(content->proton);
	if (pn_message_decode(content->proton, bytes, len) != 0)
		return "it is no message of AMQP";
	wrong = take_properties(content);
	if (!wrong)
		wrong = take_body(content);
	if (!wrong)
		join_data(content, bytes, len);
	take_texts(content);
	take_annotations(content);
	return wrong;
}

void content_free(struct content *content)
{
	if (content->proton)
		pn_message_free(content->proton);
	free(content->texts);
	free(content->properties);
	*content = (struct content){ 0 };
}

const char *content_property(const struct content *content, const char *name)
{
	const struct message *message = &content->message;

	for (size_t i = 0; i < message->property_count; i++)
		if (strcmp(message->properties[i].name, name) == 0)
			return message->properties[i].value;
	return NULL;
}
