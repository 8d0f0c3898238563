#include "cpu_own.h"

#include <stdlib.h>

#include "thumb.h"

#define RETURNS 0xF0000000u
/* A7.7.81, A7.7.82 */
#define MSR_CONTROL_MASK 0xFFE0D0FFu
#define MSR_CONTROL      0xF3808014u
/*
 * A firmware has some thousands of blocks. Those that it keeps rewriting, or that are run
 * instruction by instruction, are more: the library would keep them until they fill a
 * gigabyte, and clear that much to be rid of them.
 */
#define TRANSLATED_MAX 20000

/* -- what it meets ------------------------------------------------------------------ */

static void on_interrupt(uc_engine *uc, uint32_t number, void *ctx)
{
	struct cpu *cpu = ctx;

	cpu->interrupt = (int)number;
	uc_emu_stop(uc);
}

void cpu_sync(struct cpu *cpu)
{
	tcg_sync();
	cpu->sched->cycle = cpu_time_at(cpu, get(cpu, UC_ARM_REG_PC));
}

_Noreturn void cpu_leave(struct cpu *cpu)
{
	cpu->left = true;
	uc_emu_stop(cpu->uc);
	tcg_abort();
}

static _Noreturn void leave(struct cpu *cpu, bool *why)
{
	*why = true;
	cpu_leave(cpu);
}

/*
 * A store that lets something happen lets it happen behind itself and not behind its
 * block; there, if it does more than store.
 */
void cpu_stored(struct cpu *cpu)
{
	const uint8_t *code;

	if (cpu->limit != STOP_NOW)
		return;
	code = cpu_memory(cpu, get(cpu, UC_ARM_REG_PC), 4, false);
	if (!code || !thumb_plain_store(thumb_fetch(code)))
		return;
	leave(cpu, &cpu->stored);
}

/* B1.5.5, ITAdvance() */
static void advance_it(struct cpu *cpu)
{
	uint32_t xpsr = get(cpu, UC_ARM_REG_XPSR);
	uint32_t it = (xpsr >> 25 & 3) | (xpsr >> 8 & 0xFC);

	it = it & 7 ? (it & 0xE0) | (it << 1 & 0x1F) : 0;
	cpu_set(cpu, CPU_XPSR, (xpsr & ~0x0600FC00u) | (it & 3) << 25 | (it & 0xFC) << 8);
}

/* The program counter is at the store that is done. */
static void step_over(struct cpu *cpu, uint32_t pc)
{
	uint32_t instruction = thumb_fetch(cpu_memory(cpu, pc, 4, false));
	unsigned base;
	uint32_t moves = thumb_store_moves(instruction, &base);

	cpu->sched->cycle = cpu_time_at(cpu, pc) + 1;
	if (moves)
		cpu_set(cpu, base, cpu_get(cpu, base) + moves);
	advance_it(cpu);
	cpu_set(cpu, CPU_PC, pc + thumb_bytes(instruction));
}

_Noreturn void cpu_refuse(struct cpu *cpu)
{
	leave(cpu, &cpu->refused);
}

_Noreturn void cpu_leave_watched(struct cpu *cpu)
{
	leave(cpu, &cpu->watched);
}

bool cpu_event(struct cpu *cpu)
{
	bool event = cpu->event;

	cpu->event = false;
	return event;
}

bool cpu_base_written(struct cpu *cpu)
{
	bool written = cpu->base_written;

	cpu->base_written = false;
	return written;
}

/* -- the run ---------------------------------------------------------------------------------------- */

/* WFE and YIELD end as an undefined instruction does, with the program counter behind. */
static enum cpu_why hint_or_undefined(struct cpu *cpu, uint32_t pc)
{
	uint32_t block = cpu_block(cpu);
	const uint8_t *code = pc > block ? cpu_memory(cpu, pc - 4, 4, false) : NULL;
	enum thumb_hint hint = code ? thumb_hint_before(code, pc - block) : 0;

	if (hint == THUMB_WFE)
		return CPU_WFE;
	return hint == THUMB_YIELD ? CPU_DUE : CPU_UNDEFINED;
}

static enum cpu_why why_interrupted(struct cpu *cpu, uint32_t pc)
{
	switch (cpu->interrupt) {
	case 2:
		return CPU_SVC;
	case 7:
		return CPU_BKPT;
	case 17:
		return CPU_NOCP;
	case 18:
		return CPU_INVSTATE;
	default: /* 3 and 8: an address that is no code */
		return pc >= RETURNS && cpu_end(cpu) > cpu->begin ? CPU_LEFT : CPU_FETCH;
	}
}

static enum cpu_why why_stopped(struct cpu *cpu, uc_err err, uint32_t pc)
{
	if (cpu->refused)
		return CPU_REFUSED;
	if (cpu->watched) {
		cpu->hit.pc = pc;
		return CPU_WATCHED;
	}
	if (cpu->left)
		return CPU_DUE;
	if (cpu->interrupt >= 0)
		return why_interrupted(cpu, pc);
	if (cpu->before) /* nothing was done: its time is not over */
		return cpu_end(cpu) >= cpu->limit ? CPU_DUE : CPU_TRAP;
	if (!(get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_T))
		return CPU_INVSTATE;
	if (err == UC_ERR_OK)
		return CPU_WFI;
	if (err == UC_ERR_INSN_INVALID || err == UC_ERR_EXCEPTION)
		return hint_or_undefined(cpu, pc);
	return CPU_FETCH;
}

static bool open_engine(struct cpu *cpu)
{
	uc_hook hook;

	/* with UC_MODE_MCLASS it is a Cortex-M33 whatever the model: TrustZone and all */
	if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB, &cpu->uc) != UC_ERR_OK)
		return false;
	return uc_ctl_set_cpu_model(cpu->uc, UC_CPU_ARM_CORTEX_M4) == UC_ERR_OK &&
	       /* one hook of the kind: the call is made directly */
	       uc_hook_add(cpu->uc, &hook, UC_HOOK_BLOCK, (void *)cpu_on_block, cpu,
			   (uint64_t)1, (uint64_t)0) == UC_ERR_OK &&
	       uc_hook_add(cpu->uc, &hook, UC_HOOK_INTR, (void *)on_interrupt, cpu,
			   (uint64_t)1, (uint64_t)0) == UC_ERR_OK;
}

struct registers {
	uint32_t words[CPU_REGS];
	uint64_t doubles[16];
};

static void save(struct cpu *cpu, struct registers *saved)
{
	for (unsigned i = 0; i < CPU_REGS; i++)
		saved->words[i] = cpu_get(cpu, i);
	for (int i = 0; i < 16; i++)
		uc_reg_read(cpu->uc, UC_ARM_REG_D0 + i, &saved->doubles[i]);
}

/* XPSR after what needs privilege, and SP is one of the two stacks by then. */
static void restore(struct cpu *cpu, const struct registers *saved)
{
	for (int i = 0; i < 16; i++)
		uc_reg_write(cpu->uc, UC_ARM_REG_D0 + i, &saved->doubles[i]);
	for (unsigned i = CPU_MSP; i < CPU_REGS; i++)
		if (i != CPU_CONTROL)
			cpu_set(cpu, i, saved->words[i]);
	cpu_set(cpu, CPU_XPSR, saved->words[CPU_XPSR]);
	cpu_set(cpu, CPU_CONTROL, saved->words[CPU_CONTROL]);
	for (unsigned i = CPU_R0; i <= CPU_PC; i++)
		if (i != CPU_SP)
			cpu_set(cpu, i, saved->words[i]);
}

/* Another engine in the place of the one whose translations are too many. */
static void renew(struct cpu *cpu)
{
	uc_engine *old = cpu->uc;
	struct registers saved;

	save(cpu, &saved);
	cpu->translated = 0;
	if (!open_engine(cpu)) {
		cpu->uc = old; /* no memory now: perhaps later */
		return;
	}
	uc_close(old);
	cpu_map(cpu);
	cpu_look_again(cpu);
	restore(cpu, &saved);
}

static enum cpu_why run_engine(struct cpu *cpu, int64_t limit, uint32_t until)
{
	uint32_t pc = get(cpu, UC_ARM_REG_PC);
	enum cpu_why why;
	uc_err err;

	if (!(get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_T))
		return CPU_INVSTATE;
	cpu_start(cpu, cpu->sched->cycle, limit);
	cpu->before = cpu->left = cpu->refused = cpu->watched = cpu->stored = false;
	cpu->interrupt = -1;
	tcg_serve(&cpu->client);
	if (cpu->translated >= TRANSLATED_MAX)
		renew(cpu);
	err = uc_emu_start(cpu->uc, pc | 1, until, 0, 0);
	pc = get(cpu, UC_ARM_REG_PC);
	if (cpu->stored) {
		step_over(cpu, pc);
		return CPU_DUE;
	}
	why = pc == until && err == UC_ERR_OK && !cpu->before && !cpu->left &&
			      cpu->interrupt < 0
		      ? CPU_DUE
		      : why_stopped(cpu, err, pc);
	cpu->sched->cycle = cpu->before ? cpu_end(cpu) : cpu_time_at(cpu, pc);
	return why;
}

/* A run ends behind an MSR, when cpu_trap() was told so. */
static bool behind_msr_control(struct cpu *cpu)
{
	return (cpu_instruction(cpu, get(cpu, UC_ARM_REG_PC) - 4) & MSR_CONTROL_MASK) ==
	       MSR_CONTROL;
}

static enum cpu_why run(struct cpu *cpu, int64_t limit, uint32_t until)
{
	bool hidden = cpu->float_kept && !(cpu_get(cpu, CPU_CONTROL) & CPU_CONTROL_FPCA);
	enum cpu_why why;

	if (hidden)
		cpu_set(cpu, CPU_CONTROL, cpu_get(cpu, CPU_CONTROL) | CPU_CONTROL_FPCA);
	why = run_engine(cpu, limit, until);
	if (hidden && !behind_msr_control(cpu))
		cpu_set(cpu, CPU_CONTROL, cpu_get(cpu, CPU_CONTROL) & ~CPU_CONTROL_FPCA);
	return why;
}

void cpu_keep_float(struct cpu *cpu, bool on)
{
	cpu->float_kept = on;
}

enum cpu_why cpu_run(struct cpu *cpu, int64_t until)
{
	return run(cpu, until, NOWHERE);
}

/* The block is translated anew, with an end there, and dropped afterwards. */
enum cpu_why cpu_run_to(struct cpu *cpu, uint32_t address)
{
	uint32_t pc = get(cpu, UC_ARM_REG_PC);
	unsigned traps = cpu->traps;
	enum cpu_why why;

	cpu_drop(cpu, pc, address + 4);
	cpu_trap(cpu, 0);
	why = run(cpu, cpu->sched->cycle + 1, address);
	cpu_trap(cpu, traps);
	cpu_drop(cpu, pc, address + 4);
	return why;
}

enum cpu_why cpu_step(struct cpu *cpu)
{
	uint32_t pc = get(cpu, UC_ARM_REG_PC);
	const uint8_t *code = cpu_memory(cpu, pc, 4, false);

	return cpu_run_to(cpu, pc + (code ? thumb_bytes(thumb_fetch(code)) : 2));
}

enum cpu_why cpu_pass(struct cpu *cpu)
{
	enum cpu_why why;

	cpu->passing = true;
	why = cpu_step(cpu);
	cpu->passing = false;
	return why;
}

unsigned cpu_divisor(struct cpu *cpu)
{
	return cpu_instruction(cpu, get(cpu, UC_ARM_REG_PC)) & 0xF;
}

uint32_t cpu_instruction(struct cpu *cpu, uint32_t address)
{
	const uint8_t *code = cpu_memory(cpu, address, 4, false);

	return code ? thumb_fetch(code) : 0;
}

/* -- making it ------------------------------------------------------------------------------------------ */

struct cpu *cpu_new(struct mcu *mcu, const uint8_t *flash, const struct cpu_bus *bus,
		    const char **why)
{
	struct cpu *cpu = calloc(1, sizeof(*cpu));

	*why = tcg_missing();
	if (cpu)
		cpu->notes = calloc(1, sizeof(*cpu->notes));
	if (*why || !cpu || !cpu->notes || !open_engine(cpu)) {
		cpu_free(cpu);
		return NULL;
	}
	cpu->sched = mcu_sched(mcu);
	cpu->bus = *bus;
	cpu->flash = flash;
	cpu->sram = mcu_sram(mcu);
	cpu->ccm = mcu_ccm(mcu);
	cpu->system = mcu_system(mcu);
	cpu_map(cpu);
	cpu_trap(cpu, 0);
	return cpu;
}

void cpu_free(struct cpu *cpu)
{
	if (!cpu)
		return;
	if (cpu->uc)
		uc_close(cpu->uc);
	free(cpu->notes);
	free(cpu);
}
