/* Where what is in a record (record.h), for the two who read and write it. The firmware
 * builds this too: no libc, no heap. */
#ifndef RECORD_LAYOUT_H
#define RECORD_LAYOUT_H

#include "record.h"

enum {
	AT_MAGIC = 0x00,
	AT_SCHEMA = 0x04,
	AT_HEADER_BYTES = 0x06,
	AT_TOTAL = 0x08,
	AT_GENERATION = 0x0c,
	AT_SERIAL = 0x10,
	AT_HEADER_CRC = 0x1c,
	WORD = 4,
	CRC_BYTES = 4,
	TLV_HEAD = 4,
	/* A header, a CRC and a commit word. */
	SLOT_MIN = RECORD_HEADER_BYTES + CRC_BYTES + WORD
};

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) | (uint32_t)get16(p + 2) << 16;
}

static inline void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)v);
	put16(p + 2, (uint16_t)(v >> 16));
}

static inline uint32_t padded(uint32_t len)
{
	return (len + WORD - 1) & ~(uint32_t)(WORD - 1);
}

/* A slot's bytes that could be a record at all. */
static inline bool is_slot_length(size_t slot_bytes)
{
	return slot_bytes >= SLOT_MIN && slot_bytes % WORD == 0 &&
	       slot_bytes <= INT32_MAX;
}

/* Note where the fault is, and return its code. */
static inline enum record_err wrong(struct record_view *v, enum record_err err,
				    uint32_t at, uint16_t type)
{
	v->err_at = at;
	v->err_type = type;
	return err;
}

#endif
