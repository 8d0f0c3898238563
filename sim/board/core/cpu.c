#include "cpu.h"

#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

#include "flash.h"
#include "tcg.h"
#include "thumb.h"

#define NOWHERE   0xFFFFFFFEu /* no instruction has this address: "until" of unicorn */
#define SRAM1     0x1C000u    /* RM0090 2.3.1: what MEMRMP shows of the RAM */
#define STOP_NOW  INT64_MIN
#define NOTES(n)  ((n) / 2)
#define IPSR_BOOT 1       /* any exception: privileged, whatever CONTROL says */
#define HERE      0x8000u /* in a note: CPU_BREAK is at this very address */

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
	unsigned mem_mode;
	uint32_t alias_bytes;

	/* the run: a block begins at `start` and is over at `end` */
	int64_t start, end, limit;
	uint32_t block;
	unsigned traps;
	bool before; /* it stopped in front of `block` */
	bool refused;
	bool stored;
	int interrupt; /* the library's number, -1: none */
	bool event, base_written;
	uint32_t recent[CPU_RECENT];
	unsigned recent_at;
};

/* -- registers -------------------------------------------------------------------------- */

static const int reg_ids[CPU_REGS] = {
	[0] = UC_ARM_REG_R0,
	UC_ARM_REG_R1,
	UC_ARM_REG_R2,
	UC_ARM_REG_R3,
	UC_ARM_REG_R4,
	UC_ARM_REG_R5,
	UC_ARM_REG_R6,
	UC_ARM_REG_R7,
	UC_ARM_REG_R8,
	UC_ARM_REG_R9,
	UC_ARM_REG_R10,
	UC_ARM_REG_R11,
	UC_ARM_REG_R12,
	[CPU_SP] = UC_ARM_REG_SP,
	[CPU_LR] = UC_ARM_REG_LR,
	[CPU_PC] = UC_ARM_REG_PC,
	[CPU_XPSR] = UC_ARM_REG_XPSR,
	[CPU_MSP] = UC_ARM_REG_MSP,
	[CPU_PSP] = UC_ARM_REG_PSP,
	[CPU_PRIMASK] = UC_ARM_REG_PRIMASK,
	[CPU_FAULTMASK] = UC_ARM_REG_FAULTMASK,
	[CPU_BASEPRI] = UC_ARM_REG_BASEPRI,
	[CPU_CONTROL] = UC_ARM_REG_CONTROL,
	[CPU_FPSCR] = UC_ARM_REG_FPSCR,
};

static uint32_t get(struct cpu *cpu, int id)
{
	uint32_t value = 0;

	uc_reg_read(cpu->uc, id, &value);
	return value;
}

static void set(struct cpu *cpu, int id, uint32_t value)
{
	uc_reg_write(cpu->uc, id, &value);
}

bool cpu_handler(struct cpu *cpu)
{
	return (get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_IPSR) != 0;
}

bool cpu_privileged(struct cpu *cpu)
{
	return cpu_handler(cpu) || !(get(cpu, UC_ARM_REG_CONTROL) & CPU_CONTROL_NPRIV);
}

/* The library reads and writes these as MRS and MSR do: without privilege, not at all. */
static bool is_special(enum cpu_reg reg)
{
	return reg >= CPU_MSP && reg <= CPU_CONTROL;
}

uint32_t cpu_get(struct cpu *cpu, enum cpu_reg reg)
{
	uint32_t value;

	if (!is_special(reg) || reg == CPU_CONTROL || cpu_privileged(cpu))
		return get(cpu, reg_ids[reg]);
	set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
	value = get(cpu, reg_ids[reg]);
	set(cpu, UC_ARM_REG_IPSR, 0);
	return value;
}

/* Its XPSR leaves GE out, and takes the T bit for what decides between ARM and Thumb. */
static void set_xpsr(struct cpu *cpu, uint32_t value)
{
	set(cpu, UC_ARM_REG_XPSR, value);
	set(cpu, UC_ARM_REG_APSR_G, value);
}

/* SPSEL is taken in Thread mode only, the rest with privilege. */
static void set_control(struct cpu *cpu, uint32_t value)
{
	uint32_t ipsr = get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_IPSR;

	set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
	set(cpu, UC_ARM_REG_CONTROL, 0);
	set(cpu, UC_ARM_REG_IPSR, 0);
	set(cpu, UC_ARM_REG_CONTROL, value);
	set(cpu, UC_ARM_REG_IPSR, ipsr);
}

void cpu_set(struct cpu *cpu, enum cpu_reg reg, uint32_t value)
{
	if (reg == CPU_XPSR) {
		set_xpsr(cpu, value);
	} else if (reg == CPU_CONTROL) {
		set_control(cpu, value);
	} else if (reg == CPU_PC) {
		/* bit 0 is what it takes T from */
		bool thumb = get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_T;

		set(cpu, UC_ARM_REG_PC, (value & ~1u) | thumb);
	} else if (!is_special(reg) || cpu_privileged(cpu)) {
		set(cpu, reg_ids[reg], value);
	} else {
		set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
		set(cpu, reg_ids[reg], value);
		set(cpu, UC_ARM_REG_IPSR, 0);
	}
}

void cpu_get_float(struct cpu *cpu, uint32_t words[17])
{
	for (int i = 0; i < 8; i++)
		uc_reg_read(cpu->uc, UC_ARM_REG_D0 + i, &words[2 * i]);
	words[16] = get(cpu, UC_ARM_REG_FPSCR);
}

void cpu_set_float(struct cpu *cpu, const uint32_t words[17])
{
	for (int i = 0; i < 8; i++)
		uc_reg_write(cpu->uc, UC_ARM_REG_D0 + i, &words[2 * i]);
	set(cpu, UC_ARM_REG_FPSCR, words[16]);
}

void cpu_reset(struct cpu *cpu)
{
	static const uint32_t zero[17];

	set(cpu, UC_ARM_REG_IPSR, IPSR_BOOT);
	set(cpu, UC_ARM_REG_PRIMASK, 0);
	set(cpu, UC_ARM_REG_FAULTMASK, 0);
	set(cpu, UC_ARM_REG_BASEPRI, 0);
	set_control(cpu, 0);
	set(cpu, UC_ARM_REG_MSP, 0);
	set(cpu, UC_ARM_REG_PSP, 0);
	cpu_set_float(cpu, zero);
	for (int i = CPU_R0; i <= CPU_LR; i++)
		set(cpu, reg_ids[i], 0);
	set_xpsr(cpu, CPU_XPSR_T);
	cpu->event = cpu->base_written = false;
	memset(cpu->recent, 0, sizeof(cpu->recent));
}

/* -- memory -------------------------------------------------------------------------------- */

static bool inside(uint32_t address, uint32_t len, uint32_t base, uint32_t bytes)
{
	return address - base < bytes && len <= bytes - (address - base);
}

/* The address that the alias at 0 stands for */
static uint32_t real(const struct cpu *cpu, uint32_t address)
{
	static const uint32_t bases[4] = { FLASH_BASE, MCU_SYSTEM_BASE, 0,
					   MCU_SRAM_BASE };

	return address < cpu->alias_bytes ? address + bases[cpu->mem_mode] : address;
}

uint8_t *cpu_memory(struct cpu *cpu, uint32_t address, uint32_t len, bool write)
{
	address = real(cpu, address);
	if (inside(address, len, MCU_SRAM_BASE, MCU_SRAM_BYTES))
		return cpu->sram + (address - MCU_SRAM_BASE);
	if (inside(address, len, MCU_CCM_BASE, MCU_CCM_BYTES))
		return cpu->ccm + (address - MCU_CCM_BASE);
	if (write)
		return NULL;
	if (inside(address, len, FLASH_BASE, FLASH_BYTES))
		return (uint8_t *)cpu->flash + (address - FLASH_BASE);
	if (inside(address, len, MCU_SYSTEM_BASE, MCU_SYSTEM_BYTES))
		return cpu->system + (address - MCU_SYSTEM_BASE);
	return NULL;
}

static struct note *note_of(struct cpu *cpu, uint32_t address)
{
	if (address - FLASH_BASE < FLASH_BYTES)
		return &cpu->notes->flash[(address - FLASH_BASE) / 2];
	if (address - MCU_SRAM_BASE < MCU_SRAM_BYTES)
		return &cpu->notes->sram[(address - MCU_SRAM_BASE) / 2];
	if (address - MCU_SYSTEM_BASE < MCU_SYSTEM_BYTES)
		return &cpu->notes->system[(address - MCU_SYSTEM_BASE) / 2];
	return address < cpu->alias_bytes ? note_of(cpu, real(cpu, address))
					  : &cpu->notes->elsewhere;
}

static void unmap_alias(struct cpu *cpu)
{
	if (cpu->alias_bytes)
		uc_mem_unmap(cpu->uc, 0, cpu->alias_bytes);
	cpu->alias_bytes = 0;
}

static void map(struct cpu *cpu, uint32_t address, uint32_t bytes, unsigned rights,
		const uint8_t *memory)
{
	uc_mem_map_ptr(cpu->uc, address, bytes, rights, (void *)memory);
}

void cpu_remap(struct cpu *cpu, unsigned mem_mode)
{
	const unsigned fixed = UC_PROT_READ | UC_PROT_EXEC;

	mem_mode &= 3;
	if (mem_mode == cpu->mem_mode && cpu->alias_bytes)
		return;
	unmap_alias(cpu);
	cpu->mem_mode = mem_mode;
	if (mem_mode == 0)
		map(cpu, 0, cpu->alias_bytes = FLASH_BYTES, fixed, cpu->flash);
	else if (mem_mode == 1)
		map(cpu, 0, cpu->alias_bytes = MCU_SYSTEM_BYTES, fixed, cpu->system);
	else if (mem_mode == 3)
		map(cpu, 0, cpu->alias_bytes = SRAM1, UC_PROT_ALL, cpu->sram);
}

static void forget(struct cpu *cpu, uint32_t address, uint32_t len)
{
	for (uint32_t at = 0; at < len; at += 2) {
		struct note *note = note_of(cpu, address + at);

		if (note->instructions) /* most of it was never touched, and stays so */
			note->instructions = 0;
	}
}

/* The translated blocks with a byte in from..to are dropped; both in one memory. */
static void drop(struct cpu *cpu, uint32_t from, uint32_t to)
{
	tcg_serve(&cpu->client);
	uc_ctl_remove_cache(cpu->uc, (uint64_t)from, (uint64_t)to);
	forget(cpu, from, to - from);
}

static bool has_code(const struct cpu *cpu, uint32_t address, uint32_t len)
{
	uint32_t last = (address - MCU_SRAM_BASE + len - 1) / TCG_PAGE_BYTES;

	for (uint32_t page = (address - MCU_SRAM_BASE) / TCG_PAGE_BYTES; page <= last;
	     page++)
		if (cpu->code[page])
			return true;
	return false;
}

/* Blocks at the alias of address 0 are those of the memory that it shows. */
void cpu_changed(struct cpu *cpu, uint32_t address, uint32_t len)
{
	bool ram = inside(address, len, MCU_SRAM_BASE, MCU_SRAM_BYTES);
	uint32_t base = ram ? MCU_SRAM_BASE : FLASH_BASE;
	/* one that reaches into it may begin a page earlier */
	uint32_t from = address & ~(TCG_PAGE_BYTES - 1);

	if (ram ? !has_code(cpu, address, len)
		: !inside(address, len, FLASH_BASE, FLASH_BYTES))
		return;
	drop(cpu, from > base ? from - TCG_PAGE_BYTES : base, address + len);
}

/* -- what the library asks ---------------------------------------------------------------------- */

static bool plain(void *ctx, uint32_t address, unsigned bytes, bool write)
{
	return cpu_memory(ctx, address, bytes, write) != NULL;
}

static uint64_t load(void *ctx, uint32_t address, unsigned bytes)
{
	struct cpu *cpu = ctx;
	uint64_t low;

	if (bytes <= 4)
		return cpu->bus.load(cpu->bus.ctx, address, bytes);
	low = cpu->bus.load(cpu->bus.ctx, address, 4);
	return low | (uint64_t)cpu->bus.load(cpu->bus.ctx, address + 4, 4) << 32;
}

static void store(void *ctx, uint32_t address, unsigned bytes, uint64_t value)
{
	struct cpu *cpu = ctx;

	cpu->bus.store(cpu->bus.ctx, address, bytes <= 4 ? bytes : 4, (uint32_t)value);
	if (bytes > 4)
		cpu->bus.store(cpu->bus.ctx, address + 4, 4, (uint32_t)(value >> 32));
}

static bool unwatched(void *ctx, uint32_t address)
{
	struct cpu *cpu = ctx;

	if (cpu->mem_mode == 3 && cpu->alias_bytes)
		return false; /* the RAM has two addresses */
	if (address - MCU_CCM_BASE < MCU_CCM_BYTES)
		return true;
	return address - MCU_SRAM_BASE < MCU_SRAM_BYTES &&
	       !cpu->code[(address - MCU_SRAM_BASE) / TCG_PAGE_BYTES];
}

static void translates(void *ctx, uint32_t pc)
{
	struct cpu *cpu = ctx;
	uint32_t at = real(cpu, pc);

	note_of(cpu, pc)->instructions = 0;
	/* a block goes over into the next page at most */
	for (int i = 0; i < 2; i++, at += TCG_PAGE_BYTES) {
		uint32_t page = (at - MCU_SRAM_BASE) / TCG_PAGE_BYTES;

		if (at - MCU_SRAM_BASE < MCU_SRAM_BYTES && !cpu->code[page]) {
			cpu->code[page] = true;
			tcg_watch(at);
		}
	}
}

/* -- blocks --------------------------------------------------------------------------------------- */

static unsigned broken(struct cpu *cpu, uint32_t address)
{
	return note_of(cpu, address)->traits & HERE ? CPU_BREAK : 0;
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
	struct note *note = note_of(cpu, address);

	note->traits = (uint16_t)(on ? note->traits | HERE : note->traits & ~HERE);
	forget(cpu, (address & ~(TCG_PAGE_BYTES - 1)) - TCG_PAGE_BYTES,
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
	if (traits & CPU_SELF && cpu->end < cpu->limit)
		cpu->end = cpu->limit;
}

/*
 * In front of each block: this is what a run costs besides the instructions themselves,
 * 1 to 2 ns. A hook for each instruction costs as much for each of them, and a count
 * given to uc_emu_start() is such a hook.
 */
static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *ctx)
{
	struct cpu *cpu = ctx;
	struct note *note = note_of(cpu, (uint32_t)address);

	if (!note->instructions)
		study(cpu, note, (uint32_t)address, size);
	cpu->start = cpu->end;
	cpu->block = (uint32_t)address;
	if (cpu->start >= cpu->limit || note->traits & cpu->traps & ~CPU_MASKS) {
		cpu->before = true;
		uc_emu_stop(uc);
		return;
	}
	cpu->recent[cpu->recent_at++ % CPU_RECENT] = (uint32_t)address;
	cpu->end += note->instructions;
	if (note->traits)
		act_on(cpu, note->traits);
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
	set_xpsr(cpu, (xpsr & ~0x0600FC00u) | (it & 3) << 25 | (it & 0xFC) << 8);
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

static enum cpu_why why_interrupted(struct cpu *cpu)
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
	default: /* 3 and 8: an address that is no code, EXC_RETURN among them */
		return CPU_FETCH;
	}
}

static enum cpu_why why_stopped(struct cpu *cpu, uc_err err, uint32_t pc)
{
	if (cpu->refused)
		return CPU_REFUSED;
	if (cpu->interrupt >= 0)
		return why_interrupted(cpu);
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

static enum cpu_why run(struct cpu *cpu, int64_t limit, uint32_t until)
{
	uint32_t pc = get(cpu, UC_ARM_REG_PC);
	enum cpu_why why;
	uc_err err;

	if (!(get(cpu, UC_ARM_REG_XPSR) & CPU_XPSR_T))
		return CPU_INVSTATE;
	cpu->start = cpu->end = cpu->sched->cycle;
	cpu->limit = limit;
	cpu->block = pc;
	cpu->before = cpu->refused = cpu->stored = false;
	cpu->interrupt = -1;
	tcg_serve(&cpu->client);
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

	drop(cpu, pc, address + 4);
	cpu->traps = 0;
	why = run(cpu, cpu->sched->cycle + 1, address);
	cpu->traps = traps;
	drop(cpu, pc, address + 4);
	return why;
}

enum cpu_why cpu_step(struct cpu *cpu)
{
	uint32_t pc = get(cpu, UC_ARM_REG_PC);
	const uint8_t *code = cpu_memory(cpu, pc, 4, false);

	return cpu_run_to(cpu, pc + (code ? thumb_bytes(thumb_fetch(code)) : 2));
}

unsigned cpu_find(struct cpu *cpu, unsigned traits, uint32_t *address)
{
	uint32_t at = get(cpu, UC_ARM_REG_PC);
	unsigned found;

	for (unsigned left = note_of(cpu, at)->instructions; left > 0; left--) {
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

static void map_all(struct cpu *cpu)
{
	const unsigned fixed = UC_PROT_READ | UC_PROT_EXEC;

	map(cpu, FLASH_BASE, FLASH_BYTES, fixed, cpu->flash);
	map(cpu, MCU_SYSTEM_BASE, MCU_SYSTEM_BYTES, fixed, cpu->system);
	map(cpu, MCU_SRAM_BASE, MCU_SRAM_BYTES, UC_PROT_ALL, cpu->sram);
	/* RM0090 2.3.1: it hangs on the data bus only */
	map(cpu, MCU_CCM_BASE, MCU_CCM_BYTES, UC_PROT_READ | UC_PROT_WRITE, cpu->ccm);
	cpu_remap(cpu, 0);
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
	cpu->client = (struct tcg_client){
		.ctx = cpu,
		.plain = plain,
		.load = load,
		.store = store,
		.unwatched = unwatched,
		.translates = translates,
	};
	map_all(cpu);
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
