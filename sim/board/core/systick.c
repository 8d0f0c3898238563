#include "core.h"

/* Offsets of 0xE000E000 (B3.3) */
#define CSR   0x010
#define RVR   0x014
#define CVR   0x018
#define CALIB 0x01C

#define ENABLE    (1u << 0)
#define TICKINT   (1u << 1)
#define CLKSOURCE (1u << 2)
#define COUNTFLAG (1u << 16)

/* RM0090 12.1.2: 18750, a millisecond of HCLK/8 at 150 MHz; SKEW set, NOREF clear */
#define CALIB_VALUE 0x4000493Eu

static int64_t divisor(const struct systick *tick)
{
	return tick->ctrl & CLKSOURCE ? 1 : 8; /* RM0090 figure 21 */
}

/* Up to the present time; at zero the next clock loads RVR. */
static void catch_up(struct core *core)
{
	struct systick *tick = &core->systick;
	int64_t clocks = (core->sched->cycle - tick->since) / divisor(tick);

	if (!(tick->ctrl & ENABLE)) {
		tick->since = core->sched->cycle;
		return;
	}
	if (clocks <= 0)
		return;
	tick->since += clocks * divisor(tick);
	if (tick->value == 0) {
		tick->value = tick->load;
		clocks--;
	}
	/* the event is there at zero: it is never passed here */
	tick->value = clocks < tick->value ? tick->value - (uint32_t)clocks : 0;
}

static void plan(struct core *core)
{
	struct systick *tick = &core->systick;
	int64_t clocks = tick->value ? tick->value : (int64_t)tick->load + 1;

	if (!(tick->ctrl & ENABLE) || (!tick->value && !tick->load))
		sched_cancel(core->sched, &tick->zero);
	else
		sched_at_cycle(core->sched, &tick->zero,
			       tick->since + clocks * divisor(tick));
}

static void reach_zero(void *ctx)
{
	struct core *core = ctx;
	struct systick *tick = &core->systick;

	tick->since = tick->zero.cycle;
	tick->value = 0;
	tick->passed = true;
	if (tick->ctrl & TICKINT)
		nvic_pend(core, EXC_SYSTICK);
	plan(core);
}

void systick_init(struct core *core)
{
	core->systick.zero = (struct sched_event){ .fire = reach_zero, .ctx = core };
}

void systick_reset(struct core *core)
{
	struct systick *tick = &core->systick;

	sched_cancel(core->sched, &tick->zero);
	tick->ctrl = tick->load = tick->value = 0;
	tick->passed = false;
}

uint32_t systick_read(struct core *core, uint32_t offset)
{
	struct systick *tick = &core->systick;
	uint32_t value;

	switch (offset) {
	case CSR:
		value = tick->ctrl | (tick->passed ? COUNTFLAG : 0);
		tick->passed = false;
		return value;
	case RVR:
		return tick->load;
	case CVR:
		catch_up(core);
		return tick->value;
	case CALIB:
		return CALIB_VALUE;
	default:
		return 0;
	}
}

void systick_write(struct core *core, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct systick *tick = &core->systick;

	catch_up(core);
	if (offset == CSR) {
		tick->ctrl = ((tick->ctrl & ~mask) | (value & mask)) & 7;
		tick->since = core->sched->cycle;
	} else if (offset == RVR) {
		tick->load = ((tick->load & ~mask) | (value & mask)) & 0xFFFFFF;
	} else if (offset == CVR) { /* any value clears it, and COUNTFLAG */
		tick->value = 0;
		tick->since = core->sched->cycle;
		tick->passed = false;
	}
	plan(core);
}
