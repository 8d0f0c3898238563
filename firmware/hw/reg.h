/*
 * The one way to the hardware. On the target a register is a word of the bus; on the host
 * the same drivers run on a bus of arrays (tests/unit/firmware/mock_bus.c).
 */
#ifndef REG_H
#define REG_H

#include <stdint.h>

#if __STDC_HOSTED__

uint32_t reg_read(uint32_t addr);
void reg_write(uint32_t addr, uint32_t value);

/* Memory of the chip, as bytes to read: flash, one-time memory, the unique id. */
const uint8_t *mem_at(uint32_t addr);

#else

static inline uint32_t reg_read(uint32_t addr)
{
	return *(const volatile uint32_t *)addr;
}

static inline void reg_write(uint32_t addr, uint32_t value)
{
	*(volatile uint32_t *)addr = value;
}

static inline const uint8_t *mem_at(uint32_t addr)
{
	return (const uint8_t *)addr;
}

#endif

static inline void reg_set(uint32_t addr, uint32_t bits)
{
	reg_write(addr, reg_read(addr) | bits);
}

static inline void reg_clear(uint32_t addr, uint32_t bits)
{
	reg_write(addr, reg_read(addr) & ~bits);
}

/* The bits of `mask` become those of `value`, the others stay. */
static inline void reg_change(uint32_t addr, uint32_t mask, uint32_t value)
{
	reg_write(addr, (reg_read(addr) & ~mask) | value);
}

#endif
