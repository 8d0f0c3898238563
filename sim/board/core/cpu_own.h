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
	/* what it takes off what is left, if none of the traits in SELDOM traps, or if one may */
	uint32_t cost[2];
	uint16_t instructions, traits;
};

struct notes {
	struct note flash[NOTES(FLASH_BYTES)];
	struct note system[NOTES(MCU_SYSTEM_BYTES)];
	struct note sram[NOTES(MCU_SRAM_BYTES)];
	struct note elsewhere;
};

struct watch {
	uint32_t first, last;
	unsigned kinds;
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
	unsigned mem_mode;
	uint32_t alias_bytes;
	unsigned translated; /* blocks, since all were dropped last */

	/* the run: at the end of the present block it is `sum` without what is left */
	int64_t begin, sum, limit;
	struct tcg_meter meter;
	unsigned traps;
	bool strict; /* unaligned accesses go to the bus, which refuses them */
	bool float_kept;
	bool looks; /* `look_hook` is there: no access to RAM passes unseen */
	uc_hook look_hook;
	struct watch watch[CPU_WATCHES];
	unsigned watches; /* how many there are */
	bool passing;     /* and do not count now */
	struct cpu_hit hit;
	bool before; /* it stopped in front of a block */
	bool left;   /* within an instruction: for these reasons, or to do it again */
	bool refused, watched, stored;
	int interrupt; /* the library's number, -1: none */
	bool event, base_written;
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

/* -- cpu.c ------------------------------------------------------------------------------ */

/* The access that is about to be made is left undone, and the run with it. */
_Noreturn void cpu_leave_watched(struct cpu *cpu);

/* -- cpublock.c ------------------------------------------------------------------------- */

bool cpu_weigh(void *cpu, uint32_t pc, unsigned bytes, uint32_t *cost);
size_t cpu_cost_at(void *cpu, uint32_t pc);

/* A run begins. */
void cpu_start(struct cpu *cpu, int64_t now, int64_t limit);
/* The block that runs, or ran last; the time when it is over; and at the instruction. */
uint32_t cpu_block(const struct cpu *cpu);
int64_t cpu_end(const struct cpu *cpu);
int64_t cpu_time_at(struct cpu *cpu, uint32_t pc);
void cpu_on_block(uc_engine *uc, uint64_t where, uint32_t cost, void *cpu);

/* -- cpuwatch.c ------------------------------------------------------------------------- */

/* Another engine is there: what was asked of the one before holds for it. */
void cpu_look_again(struct cpu *cpu);

/* -- cpumap.c ---------------------------------------------------------------------------- */

/* All memories in their places, and who answers for what is between them. */
void cpu_map(struct cpu *cpu);
/* The address that the alias at 0 stands for */
uint32_t cpu_real(const struct cpu *cpu, uint32_t address);
/* Translated blocks with a byte in from..to are dropped; both in one memory. */
void cpu_drop(struct cpu *cpu, uint32_t from, uint32_t to);

#endif
