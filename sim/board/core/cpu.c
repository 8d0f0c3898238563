#include "cpu_own.h"

#include <stdlib.h>
#include <string.h>

#include "thumb.h"

#define RETURNS 0xF0000000u
/* Of the system memory: where the code lies that clears the monitor of exclusive accesses */
#define CLREX (MCU_SYSTEM_BYTES - 8)
/*
 * A firmware has some thousands of blocks. Those that it keeps rewriting, or that are run
 * instruction by instruction, are more: the library would keep them until they fill a
 * gigabyte, and clear that much to be rid of them.
 */
#define TRANSLATED_MAX 20000

/* -- blocks --------------------------------------------------------------------------------------- */

static unsigned broken(struct cpu *cpu, uint32_t address)
{
	return cpu_note(cpu, address)->traits & HERE ? CPU_BREAK : 0;
}

static void study(struct cpu *cpu, struct note *note, uint32_t address, uint32_t size)
{
	const uint8_t *code = cpu_memory(cpu, address, size, false);

	note->instructions = 0;
	note->traits &= HERE;
	if (!code)
		size = 0;
	for (uint32_t at = 0; at < size; note->instructions++) {
		uint32_t instruction = thumb_fetch(code + at);

		note->traits |=
			(uint16_t)(thumb_traits(instruction) | broken(cpu, address + at));
		at += thumb_bytes(instruction);
	}
	if (note->instructions != 1)
		note->traits &= (uint16_t)~CPU_SELF;
	if (!note->instructions)
		note->instructions = 1;
}

/* The blocks that may hold the address are looked at again. */
void cpu_break(struct cpu *cpu, uint32_t address, bool on)
{
	struct note *note = cpu_note(cpu, address);

	note->traits = (uint16_t)(on ? note->traits | HERE : note->traits & ~HERE);
	cpu_forget(cpu, (address & ~(TCG_PAGE_BYTES - 1)) - TCG_PAGE_BYTES,
		   2 * TCG_PAGE_BYTES);
}

static void act_on(struct cpu *cpu, unsigned traits)
{
	if (traits & (CPU_MASKS & cpu->traps) || traits & CPU_BASE)
		cpu->limit = STOP_NOW;
	if (traits & CPU_BASE)
		cpu->base_written = true;
	if (traits & CPU_SIGNAL)
		cpu->event = true;
	if (traits & CPU_EXCLUSIVE)
		cpu->exclusive = true;
	if (traits & CPU_SELF && cpu->end < cpu->limit)
		cpu->end = cpu->limit;
}

static void enter_block(struct cpu *cpu, uint32_t address, const struct note *note)
{
	cpu->start = cpu->end;
	cpu->block = address;
	cpu->recent[cpu->recent_at++ % CPU_RECENT] = address;
	cpu->end += note->instructions;
}

/* One that is new, or comes too late, or has something in it. */
__attribute__((noinline)) static void on_other_block(struct cpu *cpu, uint32_t address,
						     uint32_t size)
{
	struct note *note = cpu_note(cpu, address);

	if (!note->instructions)
		study(cpu, note, address, size);
	if (cpu->end >= cpu->limit || note->traits & cpu->traps & ~CPU_MASKS) {
		cpu->start = cpu->end;
		cpu->block = address;
		cpu->before = true;
		uc_emu_stop(cpu->uc);
		return;
	}
	enter_block(cpu, address, note);
	act_on(cpu, note->traits);
}

/*
 * In front of each block: this is what a run costs besides the instructions themselves,
 * 1 to 2 ns, for a hook that is alone is called directly. A hook for each instruction
 * costs as much for each of them, and a count given to uc_emu_start() is such a hook.
 */
static void on_block(uc_engine *uc, uint64_t where, uint32_t size, void *ctx)
{
	struct cpu *cpu = ctx;
	uint32_t address = (uint32_t)where;
	const struct note *note = address - FLASH_BASE < FLASH_BYTES
					  ? &cpu->notes->flash[(address - FLASH_BASE) / 2]
					  : cpu_note(cpu, address);

	(void)uc;
	if (!note->instructions || cpu->end >= cpu->limit || note->traits & cpu->noticed)
		on_other_block(cpu, address, size);
	else
		enter_block(cpu, address, note);
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *ctx)
{
	struct cpu *cpu = ctx;

	cpu->interrupt = (int)number;
	uc_emu_stop(uc);
}

/* Instructions of the present block in front of `pc`; all of it if that lies outside. */
static int64_t time_at(struct cpu *cpu, uint32_t pc)
{
	const uint8_t *code;
	int64_t count = 0;

	if (pc == cpu->block)
		return cpu->start;
	code = cpu_memory(cpu, cpu->block, 4, false);
	if (!code || pc < cpu->block)
		return cpu->end;
	for (uint32_t at = cpu->block; at < pc && cpu->start + count < cpu->end; count++)
		at += thumb_bytes(thumb_fetch(code + (at - cpu->block)));
	return cpu->start + count;
}

void cpu_sync(struct cpu *cpu)
{
	tcg_sync();
	cpu->sched->cycle = time_at(cpu, get(cpu, UC_ARM_REG_PC));
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
	cpu->stored = true;
	uc_emu_stop(cpu->uc);
	tcg_abort();
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
	const uint8_t *code = cpu_memory(cpu, pc, 4, false);

	cpu->sched->cycle = time_at(cpu, pc) + 1;
	advance_it(cpu);
	cpu_set(cpu, CPU_PC, pc + thumb_bytes(thumb_fetch(code)));
}

_Noreturn void cpu_refuse(struct cpu *cpu)
{
	cpu->refused = true;
	uc_emu_stop(cpu->uc);
	tcg_abort();
}

void cpu_until(struct cpu *cpu, int64_t until)
{
	if (until < cpu->limit)
		cpu->limit = until;
}

void cpu_stop(struct cpu *cpu)
{
	cpu->limit = STOP_NOW;
}

void cpu_trap(struct cpu *cpu, unsigned traits)
{
	cpu->traps = traits;
	cpu->noticed = traits | CPU_BASE | CPU_SIGNAL | CPU_SELF | CPU_EXCLUSIVE;
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

void cpu_recent(const struct cpu *cpu, uint32_t blocks[CPU_RECENT])
{
	for (unsigned i = 0; i < CPU_RECENT; i++)
		blocks[i] = cpu->recent[(cpu->recent_at - 1 - i) % CPU_RECENT];
}

/* -- the run ---------------------------------------------------------------------------------------- */

/* WFE and YIELD end as an undefined instruction does, with the program counter behind. */
static enum cpu_why hint_or_undefined(struct cpu *cpu, uint32_t pc)
{
	const uint8_t *code = pc > cpu->block ? cpu_memory(cpu, pc - 4, 4, false) : NULL;
	enum thumb_hint hint = code ? thumb_hint_before(code, pc - cpu->block) : 0;

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
		return pc >= RETURNS && cpu->end > cpu->begin ? CPU_LEFT : CPU_FETCH;
	}
}

static enum cpu_why why_stopped(struct cpu *cpu, uc_err err, uint32_t pc)
{
	if (cpu->refused)
		return CPU_REFUSED;
	if (cpu->interrupt >= 0)
		return why_interrupted(cpu, pc);
	if (cpu->before) /* nothing was done: its time is not over */
		return cpu->start >= cpu->limit ? CPU_DUE : CPU_TRAP;
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
	       uc_hook_add(cpu->uc, &hook, UC_HOOK_BLOCK, (void *)on_block, cpu,
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
	bool strict = cpu->strict;

	save(cpu, &saved);
	cpu->translated = 0;
	if (!open_engine(cpu)) {
		cpu->uc = old; /* no memory now: perhaps later */
		return;
	}
	uc_close(old);
	cpu->strict = false;
	cpu_map(cpu);
	cpu_strict(cpu, strict);
	restore(cpu, &saved);
}

static enum cpu_why run(struct cpu *cpu, int64_t limit, uint32_t until)
{
	uint32_t pc = get(cpu, UC_ARM_REG_PC);
	enum cpu_why why;
	uc_err err;

	if (!(get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_T))
		return CPU_INVSTATE;
	cpu->begin = cpu->start = cpu->end = cpu->sched->cycle;
	cpu->limit = limit;
	cpu->block = pc;
	cpu->before = cpu->refused = cpu->stored = false;
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
	why = pc == until && err == UC_ERR_OK && !cpu->before && !cpu->refused &&
			      cpu->interrupt < 0
		      ? CPU_DUE
		      : why_stopped(cpu, err, pc);
	cpu->sched->cycle = cpu->before ? cpu->start : time_at(cpu, pc);
	return why;
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

/*
 * The library has no door to the monitor but the instruction: it is run, and all but the
 * program counter is as before.
 */
void cpu_clear_exclusive(struct cpu *cpu)
{
	int64_t cycle = cpu->sched->cycle;
	unsigned recent_at = cpu->recent_at;
	uint32_t oldest = cpu->recent[recent_at % CPU_RECENT];

	if (!cpu->exclusive)
		return;
	cpu_set(cpu, CPU_PC, MCU_SYSTEM_BASE + CLREX);
	run(cpu, cycle + 1, NOWHERE);
	cpu->exclusive = false;
	cpu->sched->cycle = cycle;
	cpu->recent_at = recent_at;
	cpu->recent[recent_at % CPU_RECENT] = oldest;
}

unsigned cpu_find(struct cpu *cpu, unsigned traits, uint32_t *address)
{
	uint32_t at = get(cpu, UC_ARM_REG_PC);
	unsigned found;

	for (unsigned left = cpu_note(cpu, at)->instructions; left > 0; left--) {
		const uint8_t *code = cpu_memory(cpu, at, 4, false);
		uint32_t instruction = code ? thumb_fetch(code) : 0;

		found = thumb_traits(instruction) | broken(cpu, at);
		*address = at;
		if (found & traits)
			return found & traits;
		at += thumb_bytes(instruction);
	}
	return 0;
}

unsigned cpu_divisor(struct cpu *cpu)
{
	const uint8_t *code = cpu_memory(cpu, get(cpu, UC_ARM_REG_PC), 4, false);

	return code ? thumb_fetch(code) & 0xF : 0;
}

/* -- making it ------------------------------------------------------------------------------------------ */

static void write_clrex(struct cpu *cpu)
{
	/* CLREX; B . */
	static const uint8_t code[] = { 0xBF, 0xF3, 0x2F, 0x8F, 0xFE, 0xE7 };

	memcpy(cpu->system + CLREX, code, sizeof(code));
}

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
	write_clrex(cpu);
	cpu_map(cpu);
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
