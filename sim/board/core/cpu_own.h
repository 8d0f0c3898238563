/* The processor's inside, for the files cpu*.c alone: unicorn has its door here. */
#ifndef CORE_CPU_OWN_H
#define CORE_CPU_OWN_H

#include <unicorn/unicorn.h>

#include "cpu.h"
#include "flash.h"
#include "tcg.h"

#define NOWHERE  0xFFFFFFFFu /* no instruction has this address: "until" of unicorn */
#define STOP_NOW INT64_MIN
#define NOTES(n) ((n) / 2)
#define HERE     0x8000u /* in a note: CPU_BREAK is at this very address */

/* A block that was translated, by its address. */
struct note {
	uint16_t instructions; /* 0: not looked at since */
	uint16_t traits;
};

struct notes {
	struct note flash[NOTES(FLASH_BYTES)];
	struct note system[NOTES(MCU_SYSTEM_BYTES)];
	struct note sram[NOTES(MCU_SRAM_BYTES)];
	struct note elsewhere;
};

struct cpu {
	uc_engine *uc;
	struct sched *sched;
	struct tcg_client client;
	struct cpu_bus bus;
	const uint8_t *flash;
	uint8_t *sram, *ccm, *system;
	struct notes *notes;
	bool code[MCU_SRAM_BYTES / TCG_PAGE_BYTES]; /* this page of RAM has some */
	bool noted[FLASH_BYTES / TCG_PAGE_BYTES];   /* blocks of this page are noted */
	unsigned mem_mode;
	uint32_t alias_bytes;
	unsigned translated; /* blocks, since all were dropped last */

	/* the run: a block begins at `start` and is over at `end` */
	int64_t begin, start, end, limit;
	uint32_t block;
	unsigned traps, noticed;
	bool strict; /* unaligned accesses go to the bus, which refuses them */
	uc_hook strict_hook;
	bool before; /* it stopped in front of `block` */
	bool refused;
	bool stored;
	int interrupt; /* the library's number, -1: none */
	bool event, base_written;
	bool exclusive; /* a block with LDREX has run */
	uint32_t recent[CPU_RECENT];
	unsigned recent_at;
};

/* Registers by unicorn's numbers */
static inline uint32_t get(struct cpu *cpu, int id)
{
	uint32_t value = 0;

	uc_reg_read(cpu->uc, id, &value);
	return value;
}

static inline void set(struct cpu *cpu, int id, uint32_t value)
{
	uc_reg_write(cpu->uc, id, &value);
}

/* -- cpumap.c ---------------------------------------------------------------------------- */

/* All memories in their places, and who answers for what is between them. */
void cpu_map(struct cpu *cpu);
/* The block that begins at the address */
struct note *cpu_note(struct cpu *cpu, uint32_t address);
/* What is known of the blocks that begin in address..address+len is forgotten. */
void cpu_forget(struct cpu *cpu, uint32_t address, uint32_t len);
/* Translated blocks with a byte in from..to are dropped; both in one memory. */
void cpu_drop(struct cpu *cpu, uint32_t from, uint32_t to);

#endif
