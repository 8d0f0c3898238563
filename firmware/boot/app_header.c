#include "boot/app_header.h"

#include "hw/memory.h"
#include "record.h"

#include <stdbool.h>

enum {
	AT_MAGIC = 0x00,
	AT_CRC = 0x04,
	AT_LENGTH = 0x08,
	AT_SCHEMA = 0x0c,
	AT_VECTORS = 0x10,
	VECTORS_BYTES = 8, /* of which are looked at */
	VECTORS_ALIGN = 512
};

_Static_assert(offsetof(struct app_header, crc) == AT_CRC, "the header is as told");
_Static_assert(offsetof(struct app_header, length) == AT_LENGTH, "the header is as told");
_Static_assert(offsetof(struct app_header, schema) == AT_SCHEMA, "the header is as told");
_Static_assert(offsetof(struct app_header, vectors) == AT_VECTORS,
	       "the header is as told");
_Static_assert(sizeof(struct app_header) <= APP_VECTORS, "the header has its place");

static uint32_t get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* A stack that grows down from here. */
static bool is_stack(uint32_t sp)
{
	return sp % 8 == 0 &&
	       (sp - RAM_BASE - 8 < RAM_BYTES || sp - CCM_BASE - 8 < CCM_BYTES);
}

/* [PM0214] 2.1.2, 2.3.4: a stack in RAM, aligned; an entry in the image, in Thumb state. */
static bool read_vectors(const uint8_t *bytes, uint32_t length, uint32_t base,
			 struct app_entry *entry)
{
	uint32_t at = get32(bytes + AT_VECTORS) - base;

	if (at % VECTORS_ALIGN || at > length - VECTORS_BYTES)
		return false;
	entry->vectors = base + at;
	entry->sp = get32(bytes + at);
	entry->pc = get32(bytes + at + 4);
	return is_stack(entry->sp) && entry->pc & 1 && entry->pc - base < length;
}

enum app_state app_check(const uint8_t *bytes, size_t room, uint32_t base,
			 struct app_entry *entry)
{
	uint32_t length;

	if (room < APP_VALID + 4)
		return APP_BAD_LENGTH;
	if (get32(bytes + AT_MAGIC) != APP_MAGIC)
		return get32(bytes + AT_MAGIC) == 0xffffffffu ? APP_BLANK : APP_NO_MAGIC;
	if (get32(bytes + APP_VALID) != APP_VALID_WORD)
		return APP_NOT_VALID;
	if ((bytes[AT_SCHEMA] | bytes[AT_SCHEMA + 1] << 8) != APP_SCHEMA)
		return APP_NEWER;
	length = get32(bytes + AT_LENGTH);
	if (length % 4 || length < APP_VALID + 4 || length > room)
		return APP_BAD_LENGTH;
	if (record_crc32(0, bytes + AT_LENGTH, length - AT_LENGTH) !=
	    get32(bytes + AT_CRC))
		return APP_BAD_CRC;
	return read_vectors(bytes, length, base, entry) ? APP_OK : APP_BAD_VECTORS;
}
