#include "cpu_own.h"

#include "thumb.h"

/* More than is ever left: its block asks. */
#define ASK      0x40000000
#define LEFT_MAX (ASK - 1)

/* What only now and then is of interest, and is in much code. */
#define SELDOM (CPU_FLOAT | CPU_DIVIDE)

/* -- notes ------------------------------------------------------------------------------ */

/* The block that begins at the address */
static struct note *note_at(struct cpu *cpu, uint32_t address)
{
	if (address - FLASH_BASE < FLASH_BYTES)
		return &cpu->notes->flash[(address - FLASH_BASE) / 2];
	if (address - MCU_SRAM_BASE < MCU_SRAM_BYTES)
		return &cpu->notes->sram[(address - MCU_SRAM_BASE) / 2];
	if (address - MCU_SYSTEM_BASE < MCU_SYSTEM_BYTES)
		return &cpu->notes->system[(address - MCU_SYSTEM_BASE) / 2];
	return address < cpu->alias_bytes ? note_at(cpu, cpu_real(cpu, address))
					  : &cpu->notes->elsewhere;
}

static unsigned broken(struct cpu *cpu, uint32_t address)
{
	return note_at(cpu, address)->traits & HERE ? CPU_BREAK : 0;
}

static void study(struct cpu *cpu, struct note *note, uint32_t address, uint32_t size)
{
	const uint8_t *code = cpu_memory(cpu, address, size, false);
	unsigned count = 0, traits = 0;

	for (uint32_t at = 0; code && at < size; count++) {
		uint32_t instruction = thumb_fetch(code + at);

		traits |= thumb_traits(instruction) | broken(cpu, address + at);
		at += thumb_bytes(instruction);
	}
	if (count != 1)
		traits &= ~CPU_SELF;
	note->instructions = (uint16_t)(count ? count : 1);
	note->traits = (uint16_t)((note->traits & HERE) | traits);
	note->cost[0] = traits & ~SELDOM ? ASK : note->instructions;
	note->cost[1] = traits ? ASK : note->instructions;
}

bool cpu_weigh(void *ctx, uint32_t pc, unsigned bytes, uint32_t *cost)
{
	struct cpu *cpu = ctx;
	struct note *note = note_at(cpu, pc);

	study(cpu, note, pc, bytes);
	*cost = note->cost[0];
	return note->cost[0] == note->cost[1];
}

/* The blocks that may hold the address are looked at again. */
void cpu_break(struct cpu *cpu, uint32_t address, bool on)
{
	struct note *note = note_at(cpu, address);
	uint32_t page = address & ~(TCG_PAGE_BYTES - 1);

	note->traits = (uint16_t)(on ? note->traits | HERE : note->traits & ~HERE);
	if (!cpu_memory(cpu, address, 2, false))
		return;
	/* one that reaches into the page may begin in that before */
	if (cpu_memory(cpu, page - TCG_PAGE_BYTES, TCG_PAGE_BYTES, false))
		page -= TCG_PAGE_BYTES;
	cpu_drop(cpu, page, address + 2);
}

unsigned cpu_find(struct cpu *cpu, unsigned traits, uint32_t *address)
{
	uint32_t at = cpu_get(cpu, CPU_PC);
	unsigned found;

	for (unsigned left = note_at(cpu, at)->instructions; left > 0; left--) {
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

void cpu_trap(struct cpu *cpu, unsigned traits)
{
	cpu->traps = traits;
	cpu->meter.costs =
		(const uint8_t *)cpu->notes + (traits & SELDOM ? sizeof(uint32_t) : 0);
}

size_t cpu_cost_at(void *ctx, uint32_t pc)
{
	struct cpu *cpu = ctx;

	return (size_t)((uint8_t *)note_at(cpu, pc)->cost - (uint8_t *)cpu->notes);
}

/* -- time ------------------------------------------------------------------------------- */

int64_t cpu_end(const struct cpu *cpu)
{
	return cpu->sum - cpu->meter.left;
}

uint32_t cpu_block(const struct cpu *cpu)
{
	uint8_t last = (uint8_t)(cpu->meter.at - sizeof(uint32_t));

	return cpu->meter.recent[last / sizeof(uint32_t)];
}

/* As much as until the limit, or as can be counted down at once. */
static void set_left(struct cpu *cpu)
{
	int64_t end = cpu_end(cpu);
	int64_t left = cpu->limit > end ? cpu->limit - end : 0;

	cpu->meter.left = (int32_t)(left < LEFT_MAX ? left : LEFT_MAX);
	cpu->sum = end + cpu->meter.left;
}

void cpu_start(struct cpu *cpu, int64_t now, int64_t limit)
{
	cpu->begin = cpu->sum = now;
	cpu->meter.left = 0;
	cpu->limit = limit;
	set_left(cpu);
}

void cpu_until(struct cpu *cpu, int64_t until)
{
	if (until >= cpu->limit)
		return;
	cpu->limit = until;
	set_left(cpu);
}

void cpu_stop(struct cpu *cpu)
{
	cpu_until(cpu, STOP_NOW);
}

int64_t cpu_time_at(struct cpu *cpu, uint32_t pc)
{
	uint32_t block = cpu_block(cpu);
	int64_t end = cpu_end(cpu);
	const uint8_t *code;
	int64_t time;

	if (end == cpu->begin) /* nothing has run */
		return end;
	time = end - note_at(cpu, block)->instructions;
	if (pc == block)
		return time;
	code = cpu_memory(cpu, block, 4, false);
	if (!code || pc < block)
		return end;
	for (uint32_t at = block; at < pc && time < end; time++)
		at += thumb_bytes(thumb_fetch(code + (at - block)));
	return time;
}

/* -- the hook --------------------------------------------------------------------------- */

static void act_on(struct cpu *cpu, unsigned traits)
{
	if (traits & (CPU_MASKS & cpu->traps) || traits & CPU_BASE)
		cpu_stop(cpu);
	if (traits & CPU_BASE)
		cpu->base_written = true;
	if (traits & CPU_SIGNAL)
		cpu->event = true;
	if (traits & CPU_SELF && cpu_end(cpu) < cpu->limit) {
		cpu->sum = cpu->limit;
		cpu->meter.left = 0;
	}
}

/* In front of a block that comes too late, or has something in it. */
void cpu_on_block(uc_engine *uc, uint64_t where, uint32_t cost, void *ctx)
{
	struct cpu *cpu = ctx;
	struct tcg_meter *meter = &cpu->meter;
	uint32_t address = (uint32_t)where;
	struct note *note = note_at(cpu, address);

	meter->left += (int32_t)(cost ? cost : note->cost[cpu->traps & SELDOM ? 1 : 0]);
	if (cpu_end(cpu) >= cpu->limit || note->traits & cpu->traps & ~CPU_MASKS) {
		meter->at = (uint8_t)(meter->at - sizeof(uint32_t));
		cpu->before = true;
		uc_emu_stop(uc);
		return;
	}
	set_left(cpu);
	meter->left -= note->instructions;
	act_on(cpu, note->traits);
}

void cpu_recent(const struct cpu *cpu, uint32_t blocks[CPU_RECENT])
{
	const struct tcg_meter *meter = &cpu->meter;

	for (unsigned i = 0; i < CPU_RECENT; i++) {
		uint8_t at = (uint8_t)(meter->at - (i + 1) * sizeof(uint32_t));

		blocks[i] = meter->recent[at / sizeof(uint32_t)];
	}
}
