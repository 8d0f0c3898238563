#include "thumb.h"

#include <stddef.h>

#include "cpu.h"

static uint32_t half(const uint8_t *code)
{
	return (uint32_t)code[0] | (uint32_t)code[1] << 8;
}

uint32_t thumb_fetch(const uint8_t *code)
{
	uint32_t first = half(code);

	/* A5.1: 0b11101, 0b11110 and 0b11111 begin one of 32 bits */
	return first >> 11 < 0x1D ? first : first << 16 | half(code + 2);
}

unsigned thumb_bytes(uint32_t instruction)
{
	return instruction >> 16 ? 4 : 2;
}

unsigned thumb_traits(uint32_t instruction)
{
	static const struct row {
		uint32_t mask, bits;
		unsigned traits;
	} rows[] = {
		{ 0xEC000E00, 0xEC000A00, CPU_FLOAT }, /* coprocessors 10 and 11 */
		{ 0xFFE0D0FF, 0xF3808011, CPU_MASKS | CPU_BASE }, /* MSR BASEPRI */
		{ 0xFFE0D0FF, 0xF3808012, CPU_MASKS | CPU_BASE }, /* BASEPRI_MAX */
		{ 0xFFE0D000, 0xF3808000, CPU_MASKS },            /* any MSR */
		{ 0xFFFFFFE8, 0x0000B660, CPU_MASKS },            /* CPS */
		{ 0xFFFFFFFF, 0x0000BF40, CPU_SIGNAL },           /* SEV */
		{ 0xFFFFFFFF, 0xF3AF8004, CPU_SIGNAL },
		{ 0xFFFFFFFF, 0x0000E7FE, CPU_SELF },      /* B . */
		{ 0xFFD0F0F0, 0xFB90F0F0, CPU_DIVIDE },    /* SDIV, UDIV */
		{ 0xFFE00000, 0xE8400000, CPU_EXCLUSIVE }, /* STREX, LDREX */
		{ 0xFFE00FE0, 0xE8C00F40, CPU_EXCLUSIVE }, /* of bytes and half-words */
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((instruction & rows[i].mask) == rows[i].bits)
			return rows[i].traits;
	return 0;
}

/* A7.7.161: with an index of 8 bits, and writeback */
#define INDEXED_MASK 0xFF900900u
#define INDEXED      0xF8000900u
#define ADDED        (1u << 9)

bool thumb_plain_store(uint32_t instruction)
{
	static const struct row {
		uint32_t mask, bits;
	} rows[] = {
		{ 0xF800, 0x6000 },         { 0xF800, 0x7000 }, /* A5.2.4, an immediate */
		{ 0xF800, 0x8000 },         { 0xF800, 0x9000 },
		{ 0xFE00, 0x5000 },         { 0xFE00, 0x5200 },         /* a register */
		{ 0xFE00, 0x5400 },         { 0xFFB00000, 0xF8800000 }, /* A5.3.10 */
		{ 0xFFF00000, 0xF8A00000 }, { 0xFF900FC0, 0xF8000000 },
		{ 0xFF900F00, 0xF8000C00 }, { 0xFF900F00, 0xF8000E00 },
		{ INDEXED_MASK, INDEXED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((instruction & rows[i].mask) == rows[i].bits)
			return true;
	return false;
}

int thumb_store_exclusive(uint32_t instruction)
{
	if ((instruction & 0xFFF00000) == 0xE8400000)
		return (int)(instruction >> 8 & 0xF);
	return (instruction & 0xFFF00FE0) == 0xE8C00F40 ? (int)(instruction & 0xF) : -1;
}

uint32_t thumb_store_moves(uint32_t instruction, unsigned *base)
{
	uint32_t offset = instruction & 0xFF;

	*base = instruction >> 16 & 0xF;
	if ((instruction & INDEXED_MASK) != INDEXED)
		return 0;
	return instruction & ADDED ? offset : -offset;
}

enum thumb_hint thumb_hint_before(const uint8_t *code, uint32_t room)
{
	uint32_t narrow = half(code + 2);
	uint32_t wide = half(code) << 16 | narrow;

	if (narrow == 0xBF20 || (room >= 4 && wide == 0xF3AF8002))
		return THUMB_WFE;
	if (narrow == 0xBF10 || (room >= 4 && wide == 0xF3AF8001))
		return THUMB_YIELD;
	return THUMB_NONE;
}
