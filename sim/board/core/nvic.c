#include "core.h"

/* Offsets of 0xE000E000 (B3.4) */
#define ICTR  0x004
#define ISER  0x100
#define ICER  0x180
#define ISPR  0x200
#define ICPR  0x280
#define IABR  0x300
#define IPR   0x400
#define STIR  0xF00
#define WORDS (sizeof(struct exceptions) / sizeof(uint64_t))
#define LINES 3 /* ICTR: groups of 32, less one: 82 lines need three */

static const int fixed_priorities[] = { 0, -3, -2, -1 };

int nvic_priority(const struct core *core, enum exception exception)
{
	return exception <= EXC_HARDFAULT ? fixed_priorities[exception]
					  : core->nvic.priority[exception];
}

/* The part of a priority that preempts (B1.5.4) */
static int group(const struct core *core, int priority)
{
	return priority < 0 ? priority
			    : priority & (int)(0xFFu << (core->scb.prigroup + 1));
}

static int masked_priority(struct core *core)
{
	int base = (int)cpu_get(core->cpu, CPU_BASEPRI);

	if (cpu_get(core->cpu, CPU_FAULTMASK) & 1)
		return -1;
	if (cpu_get(core->cpu, CPU_PRIMASK) & 1)
		return 0;
	return base ? group(core, base) : PRIORITY_LOWEST;
}

int nvic_running_priority(struct core *core, bool masks)
{
	int lowest = masks ? masked_priority(core) : PRIORITY_LOWEST;

	for (unsigned w = 0; w < WORDS; w++)
		for (uint64_t left = core->nvic.active.words[w]; left; left &= left - 1) {
			unsigned i = 64 * w + (unsigned)__builtin_ctzll(left);

			if (group(core, nvic_priority(core, i)) < lowest)
				lowest = group(core, nvic_priority(core, i));
		}
	return lowest;
}

/* The one that comes first: the number decides between equals. */
enum exception nvic_first(const struct core *core)
{
	const struct nvic *nvic = &core->nvic;
	enum exception first = EXC_NONE;

	for (unsigned w = 0; w < WORDS; w++)
		for (uint64_t left = nvic->pending.words[w] & nvic->enabled.words[w];
		     left; left &= left - 1) {
			unsigned i = 64 * w + (unsigned)__builtin_ctzll(left);

			if (!first || nvic_priority(core, i) < nvic_priority(core, first))
				first = i;
		}
	return first;
}

enum exception nvic_next(struct core *core)
{
	enum exception first = nvic_first(core);

	if (!first ||
	    group(core, nvic_priority(core, first)) >= nvic_running_priority(core, true))
		return EXC_NONE;
	return first;
}

/* B1.5.17: as though PRIMASK were clear */
bool nvic_wakes(struct core *core)
{
	enum exception first = nvic_first(core);
	int running, base;

	if (!first)
		return false;
	running = nvic_running_priority(core, false);
	base = (int)cpu_get(core->cpu, CPU_BASEPRI);
	if (cpu_get(core->cpu, CPU_FAULTMASK) & 1)
		running = running < -1 ? running : -1;
	if (base && group(core, base) < running)
		running = group(core, base);
	return group(core, nvic_priority(core, first)) < running;
}

bool nvic_masked(struct core *core)
{
	enum exception first = nvic_first(core);

	return first && group(core, nvic_priority(core, first)) <
				nvic_running_priority(core, false);
}

void nvic_pend(struct core *core, enum exception exception)
{
	struct nvic *nvic = &core->nvic;

	/* B1.5.18: SEVONPEND, an event for a disabled one as well */
	if (!has(&nvic->pending, exception) && core->scb.scr & 1u << 4)
		core->event = true;
	put(&nvic->pending, exception, true);
	core_attend(core);
}

/* B3.4.1: a level makes its exception pending, and again when its handler leaves it high. */
void nvic_line(struct core *core, unsigned irq, bool high)
{
	if (high && !has(&core->nvic.level, EXC_IRQ + irq))
		nvic_pend(core, EXC_IRQ + irq);
	put(&core->nvic.level, EXC_IRQ + irq, high);
}

void nvic_enter(struct core *core, enum exception exception)
{
	put(&core->nvic.pending, exception, false);
	put(&core->nvic.active, exception, true);
}

void nvic_leave(struct core *core, enum exception exception)
{
	put(&core->nvic.active, exception, false);
	if (has(&core->nvic.level, exception))
		put(&core->nvic.pending, exception, true);
}

unsigned nvic_active(const struct core *core)
{
	unsigned count = 0;

	for (unsigned w = 0; w < WORDS; w++)
		count += (unsigned)__builtin_popcountll(core->nvic.active.words[w]);
	return count;
}

/* -- registers ---------------------------------------------------------------------------- */

static uint32_t bits(const struct exceptions *set, unsigned word)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < 32 && word * 32 + i < MCU_IRQS; i++)
		value |= (uint32_t)has(set, EXC_IRQ + word * 32 + i) << i;
	return value;
}

uint32_t nvic_read(struct core *core, uint32_t offset)
{
	struct nvic *nvic = &core->nvic;
	unsigned word = offset % 0x80 / 4;
	uint32_t value = 0;

	if (offset == ICTR)
		return LINES - 1;
	if (offset >= IPR && offset < IPR + MCU_IRQS) {
		for (unsigned i = 0; i < 4 && offset - IPR + i < MCU_IRQS; i++)
			value |= (uint32_t)nvic->priority[EXC_IRQ + offset - IPR + i]
				 << 8 * i;
		return value;
	}
	switch (offset & ~0x7Fu) {
	case ISER:
	case ICER:
		return bits(&nvic->enabled, word);
	case ISPR:
	case ICPR:
		return bits(&nvic->pending, word);
	case IABR:
		return bits(&nvic->active, word);
	default:
		return 0;
	}
}

static void write_bit(struct core *core, uint32_t which, enum exception exception)
{
	struct nvic *nvic = &core->nvic;

	if (which == ISER)
		put(&nvic->enabled, exception, true);
	else if (which == ICER)
		put(&nvic->enabled, exception, false);
	else if (which == ISPR)
		nvic_pend(core, exception);
	else if (which == ICPR) /* not against a line that is still high */
		put(&nvic->pending, exception,
		    has(&nvic->level, exception) && !has(&nvic->active, exception));
}

static void write_priorities(struct core *core, unsigned irq, uint32_t value,
			     uint32_t mask)
{
	for (unsigned i = 0; i < 4 && irq + i < MCU_IRQS; i++)
		if (mask >> 8 * i & 0xFF)
			core->nvic.priority[EXC_IRQ + irq + i] = value >> 8 * i & 0xF0;
}

void nvic_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask)
{
	unsigned first = offset % 0x80 / 4 * 32;

	if (offset >= IPR && offset < IPR + MCU_IRQS)
		write_priorities(core, offset - IPR, value, mask);
	else if (offset == STIR && (value & 0x1FF) < MCU_IRQS)
		nvic_pend(core, EXC_IRQ + (value & 0x1FF));
	else if (offset >= ISER && offset < IABR)
		for (unsigned i = 0; i < 32 && first + i < MCU_IRQS; i++)
			if (value & mask & 1u << i)
				write_bit(core, offset & ~0x7Fu, EXC_IRQ + first + i);
	core_attend(core);
}
