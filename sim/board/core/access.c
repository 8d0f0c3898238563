#include "core.h"

#include <stddef.h>
#include <string.h>

#include "flash.h"

#define PPB_BASE    0xE0000000u
#define PPB_BYTES   0x00100000u
#define BAND_BYTES  0x02000000u /* an alias of 1 MiB of bits (B3.1) */
#define SRAM_BAND   0x22000000u
#define PERIPH_BAND 0x42000000u
#define PERIPH_BASE 0x40000000u
#define OTP_TO      0x1FFFC010u /* RM0090 table 5: OTP area to option bytes */

/* -- bit banding (RM0090 2.3.3) ------------------------------------------------------------ */

static bool banded(uint32_t address, unsigned bytes, uint32_t *at, unsigned *bit)
{
	uint32_t offset = address & (BAND_BYTES - 1);
	uint32_t base = address & ~(BAND_BYTES - 1);

	if (base != SRAM_BAND && base != PERIPH_BAND)
		return false;
	/* the bus moves as much as the instruction does */
	*at = ((base == SRAM_BAND ? MCU_SRAM_BASE : PERIPH_BASE) + offset / 32) &
	      ~(uint32_t)(bytes - 1);
	*bit = offset / 4 % (8 * bytes);
	return true;
}

/* -- the buses ------------------------------------------------------------------------------- */

static bool read_bus(struct core *core, uint32_t address, unsigned bytes, uint32_t *value)
{
	const uint8_t *memory = cpu_memory(core->cpu, address, bytes, false);
	unsigned bit;
	uint32_t at;

	if (memory) {
		*value = 0;
		memcpy(value, memory, bytes);
		return true;
	}
	if (address - PPB_BASE < PPB_BYTES)
		return ppb_read(core, address - PPB_BASE, bytes, value);
	if (!banded(address, bytes, &at, &bit))
		return mcu_read(core->mcu, address, bytes, value);
	if (!mcu_read(core->mcu, at, bytes, value))
		return false;
	*value = *value >> bit & 1;
	return true;
}

static bool is_flash(uint32_t address)
{
	return address - FLASH_BASE < FLASH_BYTES ||
	       (address >= OTP_BASE && address < OTP_TO);
}

static bool write_bus(struct core *core, uint32_t address, unsigned bytes, uint32_t value)
{
	uint32_t at, old;
	unsigned bit;

	if (address - PPB_BASE < PPB_BYTES)
		return ppb_write(core, address - PPB_BASE, bytes, value);
	if (address < FLASH_BYTES &&
	    cpu_memory(core->cpu, address, bytes, false) ==
		    cpu_memory(core->cpu, FLASH_BASE + address, bytes, false))
		address += FLASH_BASE; /* by the alias at 0 */
	if (is_flash(address))
		return mcu_flash_store(core->mcu, address, bytes, value);
	if (!banded(address, bytes, &at, &bit))
		return mcu_write(core->mcu, address, bytes, value);
	if (!mcu_read(core->mcu, at, bytes, &old))
		return false;
	return mcu_write(core->mcu, at, bytes, (old & ~(1u << bit)) | (value & 1) << bit);
}

/* -- the processor's loads and stores ---------------------------------------------------------- */

/*
 * What has come due in the block is seen by this access first. If it is an exception, then
 * that is taken first, and the instruction is done behind it: else a program would read
 * that the time is over, and find what its handler does undone.
 */
static void begin(struct core *core)
{
	bool due;

	cpu_sync(core->cpu);
	due = sched_due(core->sched) <= core->sched->cycle;
	core_advance(core, core->sched->cycle);
	if (due && core->sched->cycle != core->accessed && nvic_next(core))
		cpu_leave(core->cpu);
	core->accessed = core->sched->cycle; /* an instruction may make several */
}

/* What was due is another; and a reset or an exception waits no longer than the block. */
static void end(struct core *core)
{
	cpu_until(core->cpu, sched_due(core->sched));
}

static _Noreturn void refuse(struct core *core, uint32_t address, bool write, bool align)
{
	core->bad_address = address;
	core->bad_write = write;
	core->bad_alignment = align;
	cpu_refuse(core->cpu);
}

/* B3.2.8: a bus fault of data is only noted by who looks for memory at that priority. */
static bool ignores(struct core *core, uint32_t address)
{
	if (!(core->scb.ccr & CCR_BFHFNMIGN) || nvic_running_priority(core, true) > -1)
		return false;
	core->scb.bfar = address;
	core->scb.cfsr |= CFSR_PRECISERR | CFSR_BFARVALID;
	return true;
}

/* Of normal memory that is read through the bus, such as the system memory's words. */
static bool read_unaligned(struct core *core, uint32_t address, unsigned bytes,
			   uint32_t *value)
{
	bool there = true;

	for (unsigned i = 0; i < bytes; i++) {
		uint32_t byte = 0;

		there = read_bus(core, address + i, 1, &byte) && there;
		*value |= byte << (8 * i);
	}
	return there;
}

/* A3.2.1, B3.1: what is not normal memory wants its alignment. */
static bool splits(const struct core *core, uint32_t address)
{
	return address < PERIPH_BASE && !(core->scb.ccr & CCR_UNALIGN_TRP);
}

uint32_t access_load(void *ctx, uint32_t address, unsigned bytes)
{
	struct core *core = ctx;
	uint32_t value = 0;

	bool aligned = !(address & (bytes - 1)), there;

	begin(core);
	if (!aligned && !splits(core, address))
		refuse(core, address, false, true);
	there = aligned ? read_bus(core, address, bytes, &value)
			: read_unaligned(core, address, bytes, &value);
	if (!there && !ignores(core, address))
		refuse(core, address, false, false);
	end(core);
	return value;
}

void access_store(void *ctx, uint32_t address, unsigned bytes, uint32_t value)
{
	struct core *core = ctx;

	begin(core);
	if (address & (bytes - 1))
		refuse(core, address, true, true);
	if (!write_bus(core, address, bytes, value) && !ignores(core, address))
		refuse(core, address, true, false);
	end(core);
	cpu_stored(core->cpu);
}

/* What the core itself moves, for an exception, is watched as well. */
static void watch(struct core *core, uint32_t address, bool write)
{
	if (cpu_watched(core->cpu, address, 4, write))
		core->halted = core->halting;
}

bool access_read_word(struct core *core, uint32_t address, uint32_t *value)
{
	const uint8_t *memory = cpu_memory(core->cpu, address, 4, false);

	watch(core, address, false);
	if (!memory)
		return !(address & 3) && mcu_read(core->mcu, address, 4, value);
	memcpy(value, memory, 4);
	return true;
}

bool access_write_word(struct core *core, uint32_t address, uint32_t value)
{
	uint8_t *memory = cpu_memory(core->cpu, address, 4, true);

	watch(core, address, true);
	if (!memory)
		return !(address & 3) && mcu_write(core->mcu, address, 4, value);
	memcpy(memory, &value, 4);
	cpu_changed(core->cpu, address, 4);
	return true;
}

/* -- a debugger's --------------------------------------------------------------------------- */

/* What the private bus holds is read as the processor reads it, but for SysTick's flag. */
bool access_peek(struct core *core, uint32_t address, unsigned bytes, uint32_t *value)
{
	const uint8_t *memory = cpu_memory(core->cpu, address, bytes, false);
	bool passed = core->systick.passed, ok;
	unsigned bit;
	uint32_t at;

	if (memory) {
		*value = 0;
		memcpy(value, memory, bytes);
		return true;
	}
	if (address & (bytes - 1))
		return false;
	if (banded(address, bytes, &at, &bit)) {
		ok = access_peek(core, at, bytes, value);
		*value = ok ? *value >> bit & 1 : 0;
		return ok;
	}
	if (address - PPB_BASE >= PPB_BYTES)
		return mcu_peek(core->mcu, address, bytes, value);
	ok = ppb_peek(core, address - PPB_BASE, bytes, value);
	core->systick.passed = passed;
	return ok;
}

bool access_poke(struct core *core, uint32_t address, unsigned bytes, uint32_t value)
{
	uint8_t *memory = cpu_memory(core->cpu, address, bytes, true);

	if (memory) {
		memcpy(memory, &value, bytes);
		cpu_changed(core->cpu, address, bytes);
		return true;
	}
	if (address & (bytes - 1) || is_flash(address))
		return false;
	return address - PPB_BASE < PPB_BYTES
		       ? ppb_poke(core, address - PPB_BASE, bytes, value)
		       : write_bus(core, address, bytes, value);
}
