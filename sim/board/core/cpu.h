/*
 * The processor's registers and instructions: the one door to unicorn, which runs them.
 * It knows nothing of exceptions; whoever runs it takes those where cpu_run() returns. An
 * instruction is a cycle.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "mcu.h"

struct cpu;

enum cpu_reg {
	CPU_R0,
	CPU_R12 = 12,
	CPU_SP, /* MSP or PSP, as CONTROL and IPSR say */
	CPU_LR,
	CPU_PC,
	CPU_XPSR, /* all of it: flags, IT, T, exception number */
	CPU_MSP,
	CPU_PSP,
	CPU_PRIMASK,
	CPU_FAULTMASK,
	CPU_BASEPRI,
	CPU_CONTROL,
	CPU_FPSCR,
	CPU_REGS
};

#define CPU_XPSR_T    (1u << 24)
#define CPU_XPSR_IPSR 0x1FFu

#define CPU_CONTROL_NPRIV 1u
#define CPU_CONTROL_SPSEL 2u
#define CPU_CONTROL_FPCA  4u

enum cpu_why {
	CPU_DUE,  /* the time is over, or somebody asked */
	CPU_TRAP, /* the next block has what cpu_trap() names */
	CPU_WFI,  /* behind it, as with the next two */
	CPU_WFE,
	CPU_SVC,
	CPU_BKPT,      /* at it */
	CPU_UNDEFINED, /* at it, as with all that follow */
	CPU_NOCP,
	CPU_INVSTATE, /* not Thumb */
	CPU_LEFT,     /* a branch to 0xF0000000 and up, where EXC_RETURN is */
	CPU_FETCH,    /* nothing to execute at the program counter */
	CPU_REFUSED,  /* cpu_refuse() */
	CPU_WATCHED,  /* by cpu_watch() */
};

/* What a block may have in it. */
enum cpu_trait {
	CPU_FLOAT = 1,  /* instructions of the FPU */
	CPU_MASKS = 2,  /* MSR or CPS: what is pending may be taken behind it */
	CPU_BASE = 4,   /* MSR BASEPRI, whose low bits are not implemented */
	CPU_SIGNAL = 8, /* SEV */
	CPU_SELF = 16,  /* one branch to itself: nothing happens until the next event */
	CPU_DIVIDE = 32,
	CPU_BREAK = 64,      /* somebody wants to stop there */
	CPU_EXCLUSIVE = 128, /* LDREX, STREX and their like */
};

/* What the memory behind the RAMs and the flash answers. All may call cpu_refuse(). */
struct cpu_bus {
	void *ctx;
	uint32_t (*load)(void *ctx, uint32_t address, unsigned bytes);
	void (*store)(void *ctx, uint32_t address, unsigned bytes, uint32_t value);
};

/* `flash` are FLASH_BYTES that outlive it. NULL: no memory, or another unicorn: `why`. */
struct cpu *cpu_new(struct mcu *mcu, const uint8_t *flash, const struct cpu_bus *bus,
		    const char **why);
void cpu_free(struct cpu *cpu);

uint32_t cpu_get(struct cpu *cpu, enum cpu_reg reg);
/* Whatever the present privilege. An IT state in XPSR is the next instruction's. */
void cpu_set(struct cpu *cpu, enum cpu_reg reg, uint32_t value);
/* S0-S15 and FPSCR */
void cpu_get_float(struct cpu *cpu, uint32_t words[17]);
void cpu_set_float(struct cpu *cpu, const uint32_t words[17]);
/* D0 to D15 */
uint64_t cpu_get_double(struct cpu *cpu, unsigned n);
void cpu_set_double(struct cpu *cpu, unsigned n, uint64_t value);
bool cpu_handler(struct cpu *cpu); /* Handler mode */
bool cpu_privileged(struct cpu *cpu);

/* Everything zero but T; the pending event is forgotten. */
void cpu_reset(struct cpu *cpu);
/* What is seen at address 0: 0 the flash, 1 the system memory, 3 the RAM. */
void cpu_remap(struct cpu *cpu, unsigned mem_mode);
/* Others than the processor changed memory: what was translated of it is dropped. */
void cpu_changed(struct cpu *cpu, uint32_t address, uint32_t len);
/* Every unaligned access goes to the bus from the next run on, which costs much time. */
void cpu_strict(struct cpu *cpu, bool strict);
/*
 * From the next run on no instruction begins a context of floating point by itself: neither
 * FPSCR nor CONTROL.FPCA changes; CPU_MASKS has to be trapped. Within a run the program reads
 * FPCA as set.
 */
void cpu_keep_float(struct cpu *cpu, bool on);
/* Plain memory at the address, as instructions and frames find it; NULL: none. */
uint8_t *cpu_memory(struct cpu *cpu, uint32_t address, uint32_t len, bool write);

/*
 * Runs from the program counter until the time of mcu_sched() has come to `until`, and
 * to the end of the block; moves that time on.
 */
enum cpu_why cpu_run(struct cpu *cpu, int64_t until);
/* As cpu_run(), but stops in front of the instruction at `address` of this block. */
enum cpu_why cpu_run_to(struct cpu *cpu, uint32_t address);
/* One instruction, or part of one. */
enum cpu_why cpu_step(struct cpu *cpu);

/* In load() and store(): the time of the instruction, put into mcu_sched(). */
void cpu_sync(struct cpu *cpu);
/* At the end of store(): if cpu_stop() was called, it may not come back. */
void cpu_stored(struct cpu *cpu);
/* In load() and store(): the instruction is left undone. */
_Noreturn void cpu_refuse(struct cpu *cpu);
/* The same, but it is to be done again: CPU_DUE. */
_Noreturn void cpu_leave(struct cpu *cpu);
/* While it runs: no later than that. */
void cpu_until(struct cpu *cpu, int64_t until);
void cpu_stop(struct cpu *cpu);

/* Blocks with one of these stop in front, but for CPU_MASKS and CPU_BASE: behind. */
void cpu_trap(struct cpu *cpu, unsigned traits);
/*
 * The first instruction with one of `traits` in the block at the program counter: which
 * of them it has, 0: there is none.
 */
unsigned cpu_find(struct cpu *cpu, unsigned traits, uint32_t *address);
/* The register that the SDIV or UDIV at the program counter divides by. */
unsigned cpu_divisor(struct cpu *cpu);
/* The instruction at an address, as in thumb.h; 0: no code is there. */
uint32_t cpu_instruction(struct cpu *cpu, uint32_t address);
void cpu_break(struct cpu *cpu, uint32_t address, bool on);

/* Accesses to be watched for. */
#define CPU_WATCHES 64
#define CPU_WRITES  1u
#define CPU_READS   2u

struct cpu_hit {
	uint32_t address; /* the first one of both the access and the range */
	unsigned kinds;   /* of the watch; 0: there was none */
	uint32_t pc;      /* of the instruction, not done yet; odd: none made it */
};

/*
 * `kinds` are CPU_WRITES, CPU_READS or both. While there is one each access is looked at,
 * which costs much time. False: no room for it, or there is none to be taken off.
 */
bool cpu_watch(struct cpu *cpu, uint32_t address, uint32_t len, unsigned kinds, bool on);
/* Such an access is watched for, and a hit. */
bool cpu_watched(struct cpu *cpu, uint32_t address, uint32_t len, bool write);
struct cpu_hit cpu_hit(const struct cpu *cpu);
void cpu_forget_hit(struct cpu *cpu);
/* As cpu_step(), with nothing watched. */
enum cpu_why cpu_pass(struct cpu *cpu);

bool cpu_event(struct cpu *cpu); /* SEV was executed; forgets it */
bool cpu_base_written(struct cpu *cpu);

/* The starts of the blocks that ran last, the latest first. */
#define CPU_RECENT 16
void cpu_recent(const struct cpu *cpu, uint32_t blocks[CPU_RECENT]);

#endif
