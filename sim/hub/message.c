#include "message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Then come texts with their NULs, properties, and the body. */
struct head {
	uint32_t texts; /* a bit for each that is there */
	uint32_t properties;
	uint32_t body;
};

_Static_assert(MESSAGE_TEXTS < 32, "head.texts has a bit for each");

/* Before the name of a property. */
enum { NAME_ALONE = 'n', NAME_AND_VALUE = 'v' };

size_t message_size(const struct message *message)
{
	size_t size = message->body_len;

	for (int i = MESSAGE_ID; i < MESSAGE_TEXTS; i++)
		if (message->texts[i])
			size += strlen(message->texts[i]);
	for (size_t i = 0; i < message->property_count; i++) {
		const struct message_property *property = &message->properties[i];

		size += strlen(property->name);
		size += property->value ? strlen(property->value) : 0;
	}
	return size;
}

/* -- packing ------------------------------------------------------------------------- */

static void put_text(struct text *to, const char *text)
{
	text_put(to, text, strlen(text) + 1);
}

void message_pack(struct text *to, const struct message *message)
{
	struct head head = { .properties = (uint32_t)message->property_count,
			     .body = (uint32_t)message->body_len };

	for (int i = 0; i < MESSAGE_TEXTS; i++)
		if (message->texts[i])
			head.texts |= UINT32_C(1) << i;
	text_put(to, (const char *)&head, sizeof(head));
	for (int i = 0; i < MESSAGE_TEXTS; i++)
		if (message->texts[i])
			put_text(to, message->texts[i]);
	for (size_t i = 0; i < message->property_count; i++) {
		const struct message_property *property = &message->properties[i];
		char kind = property->value ? NAME_AND_VALUE : NAME_ALONE;

		text_put(to, &kind, 1);
		put_text(to, property->name);
		if (property->value)
			put_text(to, property->value);
	}
	if (message->body_len)
		text_put(to, message->body, message->body_len);
}

/* -- unpacking ----------------------------------------------------------------------- */

struct reader {
	const char *at;
	const char *end;
};

/* NULL: there is no NUL where it should be. */
static const char *take_text(struct reader *reader)
{
	const char *text = reader->at;
	const char *end = memchr(text, '\0', (size_t)(reader->end - text));

	if (end)
		reader->at = end + 1;
	return end ? text : NULL;
}

static bool take_property(struct reader *reader, struct message_property *property)
{
	char kind = reader->at < reader->end ? *reader->at++ : '\0';

	property->name = kind ? take_text(reader) : NULL;
	property->value = NULL;
	if (kind == NAME_AND_VALUE && property->name)
		property->value = take_text(reader);
	return property->name && (property->value || kind == NAME_ALONE);
}

static bool make_room(struct message_room *room, size_t count)
{
	struct message_property *at;

	if (count <= room->count)
		return true;
	at = reallocarray(room->at, count, sizeof(*at));
	if (!at)
		return false;
	room->at = at;
	room->count = count;
	return true;
}

bool message_unpack(struct message *message, struct message_room *room, const void *bytes,
		    size_t len)
{
	struct reader reader = { bytes, (const char *)bytes + len };
	struct head head;

	*message = (struct message){ 0 };
	if (len < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	reader.at += sizeof(head);
	/* each has two bytes at least */
	if (head.texts >> MESSAGE_TEXTS || head.properties > len / 2 ||
	    !make_room(room, head.properties))
		return false;
	for (int i = 0; i < MESSAGE_TEXTS; i++)
		if (head.texts >> i & 1 && !(message->texts[i] = take_text(&reader)))
			return false;
	for (size_t i = 0; i < head.properties; i++)
		if (!take_property(&reader, &room->at[i]))
			return false;
	message->properties = room->at;
	message->property_count = head.properties;
	message->body = reader.at;
	message->body_len = head.body;
	return (size_t)(reader.end - reader.at) == head.body;
}

void message_room_free(struct message_room *room)
{
	free(room->at);
	*room = (struct message_room){ 0 };
}
