#include "core.h"

#include <stddef.h>

#define SCS  0x0E000u /* the system control space */
#define STIR 0xF00u

#define USERSETMPEND (1u << 1) /* CCR */

/* Who answers where; offsets of 0xE0000000, or of the system control space. */
static const struct unit {
	uint32_t from, to, base;
	uint32_t (*read)(struct core *core, uint32_t offset);
	void (*write)(struct core *core, uint32_t offset, uint32_t value, uint32_t mask);
} units[] = {
	{ 0x00000, 0x03000, 0, debug_read, debug_write }, /* ITM, DWT, FPB */
	{ 0x0E004, 0x0E008, SCS, nvic_read, nvic_write }, /* ICTR */
	{ 0x0E010, 0x0E020, SCS, systick_read, systick_write },
	{ 0x0E100, 0x0E500, SCS, nvic_read, nvic_write },
	{ 0x0ED90, 0x0EDBC, SCS, mpu_read, mpu_write },
	{ 0x0EDF0, 0x0EE00, 0, debug_read, debug_write },
	{ 0x0EF00, 0x0EF04, SCS, nvic_read, nvic_write }, /* STIR */
	{ 0x0E000, 0x0F000, SCS, scb_read, scb_write },   /* the rest of it */
	{ 0x40000, 0x41000, 0, debug_read, debug_write }, /* TPIU */
};

static const struct unit *unit_at(uint32_t offset)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (offset >= units[i].from && offset < units[i].to)
			return &units[i];
	return NULL;
}

/* B3.1: without privilege only STIR, if CCR allows it */
static bool may(struct core *core, uint32_t offset)
{
	return cpu_privileged(core->cpu) ||
	       (offset == SCS + STIR && core->scb.ccr & USERSETMPEND);
}

static uint32_t lanes(unsigned bytes)
{
	return bytes == 4 ? 0xFFFFFFFF : (1u << 8 * bytes) - 1;
}

bool ppb_peek(struct core *core, uint32_t offset, unsigned bytes, uint32_t *value)
{
	const struct unit *unit = unit_at(offset & ~3u);
	unsigned shift = 8 * (offset & 3);

	if (!unit)
		return mcu_peek(core->mcu, 0xE0000000u + offset, bytes, value);
	*value = unit->read(core, (offset & ~3u) - unit->base) >> shift & lanes(bytes);
	return true;
}

bool ppb_read(struct core *core, uint32_t offset, unsigned bytes, uint32_t *value)
{
	if (!may(core, offset & ~3u))
		return false;
	if (!unit_at(offset & ~3u))
		return mcu_read(core->mcu, 0xE0000000u + offset, bytes, value);
	return ppb_peek(core, offset, bytes, value);
}

bool ppb_poke(struct core *core, uint32_t offset, unsigned bytes, uint32_t value)
{
	const struct unit *unit = unit_at(offset & ~3u);
	unsigned shift = 8 * (offset & 3);

	if (!unit)
		return mcu_write(core->mcu, 0xE0000000u + offset, bytes, value);
	unit->write(core, (offset & ~3u) - unit->base, value << shift,
		    lanes(bytes) << shift);
	return true;
}

bool ppb_write(struct core *core, uint32_t offset, unsigned bytes, uint32_t value)
{
	return may(core, offset & ~3u) && ppb_poke(core, offset, bytes, value);
}
