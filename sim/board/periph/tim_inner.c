/*
 * An oscillator at an input in the place of a pin: TIM5_OR.TI4_RMP, RM0090 18.4.20. The
 * wakeup of the RTC there, and the crystal at the input of TIM11, are not modelled.
 */
#include "tim.h"

#define TI4      3
#define TI4_TIM  5
#define NS_PER_S 1000000000

enum { FROM_PIN, FROM_LSI, FROM_LSE };

static unsigned source(const struct tim *tim)
{
	return tim->row->number == TI4_TIM ? tim->regs[TIM_OR / 4] >> 6 & 3 : FROM_PIN;
}

bool tim_inner_takes(const struct tim *tim, unsigned input)
{
	return input == TI4 && source(tim) != FROM_PIN;
}

/* Of what is there, if the channel listens to it; else 0 */
static uint32_t listened_hz(const struct tim *tim)
{
	unsigned from = source(tim);

	if ((from != FROM_LSI && from != FROM_LSE) ||
	    !(tim->regs[TIM_CCER / 4] >> 4 * TI4 & 1) ||
	    !mcu_periph_clocked(tim->mcu, tim->row))
		return 0;
	return mcu_hz(tim->mcu, from == FROM_LSI ? MCU_LSI : MCU_LSE);
}

/* Counted from a whole second on: halves of a period are no whole nanoseconds. */
static void plan(struct tim *tim)
{
	struct tim_inner *inner = &tim->inner;
	int64_t after_ns = (int64_t)(inner->edges + 1) * NS_PER_S / (2 * inner->hz);

	sched_at_ns(mcu_sched(tim->mcu), &inner->edge, inner->since_ns + after_ns);
}

static void edge(void *ctx)
{
	struct tim *tim = ctx;
	struct tim_inner *inner = &tim->inner;

	tim_advance(tim);
	tim_input(tim, TI4, inner->edges % 2 == 0);
	if (++inner->edges == 2 * inner->hz) {
		inner->edges = 0;
		inner->since_ns += NS_PER_S;
	}
	plan(tim);
	tim_show(tim);
}

void tim_inner_open(struct tim *tim)
{
	tim->inner.edge = (struct sched_event){ .fire = edge, .ctx = tim };
}

void tim_inner_schedule(struct tim *tim)
{
	struct tim_inner *inner = &tim->inner;
	uint32_t hz = listened_hz(tim);

	if (hz == inner->hz)
		return;
	sched_cancel(mcu_sched(tim->mcu), &inner->edge);
	inner->hz = hz;
	inner->edges = 0;
	inner->since_ns = sched_ns(mcu_sched(tim->mcu));
	if (hz)
		plan(tim);
}
