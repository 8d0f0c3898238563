/* The counter: RM0090 17.3.1 to 17.3.3, the same in 18 to 20 as far as they have it. */
#include "tim.h"

static uint32_t cr1(const struct tim *tim)
{
	return tim->regs[TIM_CR1 / 4];
}

static unsigned slave_mode(const struct tim *tim)
{
	return tim->regs[TIM_SMCR / 4] & 7;
}

static bool centred(const struct tim *tim)
{
	return cr1(tim) & TIM_CMS;
}

/*
 * The internal clock drives it. External clock mode 2 is bit 14, mode 1 and the encoders are
 * slave modes 7 and 1 to 3.
 */
static bool counts_inside(const struct tim *tim)
{
	unsigned mode = slave_mode(tim);

	return !(tim->regs[TIM_SMCR / 4] & 1u << 14) && mode != 7 &&
	       (mode == 0 || mode > 3);
}

uint32_t tim_hclk_per_tick(const struct tim *tim)
{
	enum mcu_clock clock = tim->row->bus == PERIPH_APB1 ? MCU_TIMCLK1 : MCU_TIMCLK2;
	uint32_t hz = mcu_hz(tim->mcu, clock);
	uint64_t cycles;

	if (!hz || !mcu_periph_clocked(tim->mcu, tim->row))
		return 0;
	cycles = (uint64_t)mcu_hz(tim->mcu, MCU_HCLK) / hz * (tim->psc + 1u);
	return cycles ? (uint32_t)cycles : 1;
}

static bool runs(const struct tim *tim)
{
	return (cr1(tim) & TIM_CEN) && tim->gate && tim->arr > 0;
}

/* -- one stretch without an end of the count ---------------------------------------------- */

/* Ticks until the count turns round: overflow, underflow, or the turn of a centred one. */
static uint64_t ticks_to_end(const struct tim *tim)
{
	if (tim->down)
		return centred(tim) ? (tim->cnt ? tim->cnt : 1) : (uint64_t)tim->cnt + 1;
	if (tim->cnt > tim->arr) /* set beyond: it goes on to the top of its bits */
		return (uint64_t)tim_max(tim) - tim->cnt + 1;
	if (centred(tim))
		return tim->cnt < tim->arr ? tim->arr - tim->cnt : 1;
	return (uint64_t)tim->arr - tim->cnt + 1;
}

/* Ticks from `cnt` until it is `value`, without turning; 0: not on the way. */
static uint64_t ticks_to_value(const struct tim *tim, uint32_t value)
{
	if (tim->down)
		return value < tim->cnt ? tim->cnt - value : 0;
	return value > tim->cnt ? value - tim->cnt : 0;
}

static void match(struct tim *tim, uint32_t value)
{
	for (unsigned c = 0; c < tim->kind->channels; c++)
		if (tim_channel_compares(tim, c) && tim->channels[c].ccr == value)
			tim_channel_match(tim, c, tim->down);
}

/* The next tick on which a channel matches, within `limit`; else `limit`. */
static uint64_t ticks_to_match(const struct tim *tim, uint64_t limit)
{
	for (unsigned c = 0; c < tim->kind->channels; c++) {
		uint64_t ticks;

		if (!tim_channel_compares(tim, c))
			continue;
		ticks = ticks_to_value(tim, tim->channels[c].ccr);
		if (ticks && ticks < limit)
			limit = ticks;
	}
	return limit;
}

/* -- the end of the count ------------------------------------------------------------------- */

static void load_shadows(struct tim *tim)
{
	tim->psc = *tim_reg(tim, TIM_PSC);
	tim->arr = *tim_reg(tim, TIM_ARR);
	tim->repetitions = *tim_reg(tim, TIM_RCR) & 0xFF;
	tim_channels_preload(tim);
}

/* 17.3.2: after the repetitions an update event loads the preloads and is told. */
static void count_ended(struct tim *tim)
{
	if (cr1(tim) & TIM_UDIS)
		return;
	if (tim->repetitions > 0) {
		tim->repetitions--;
		return;
	}
	load_shadows(tim);
	tim_flag(tim, TIM_UIF);
	if (tim_master_mode(tim) == 2)
		tim_signal(tim, MCU_TRGO);
	if (cr1(tim) & TIM_OPM)
		*tim_reg(tim, TIM_CR1) &= ~TIM_CEN;
}

/* Over the end by one tick. */
static void turn(struct tim *tim)
{
	if (centred(tim)) {
		/* 17.3.2: the overflow comes with ARR - 1, the underflow with 1 */
		tim->cnt = tim->down ? 0 : tim->arr;
		tim->down = !tim->down;
	} else {
		tim->cnt = tim->down ? tim->arr : 0;
	}
	count_ended(tim);
	if (!centred(tim) && tim->down)
		tim->cnt = tim->arr; /* the new one, if it was preloaded */
	match(tim, tim->cnt);
}

/* Goes on by `ticks`, at most up to the next match or end. */
static uint64_t step(struct tim *tim, uint64_t ticks)
{
	uint64_t end = ticks_to_end(tim);
	uint64_t next = ticks_to_match(tim, end);

	if (ticks < next) {
		tim->cnt = tim->down ? tim->cnt - (uint32_t)ticks
				     : tim->cnt + (uint32_t)ticks;
		return ticks;
	}
	if (next < end) {
		tim->cnt =
			tim->down ? tim->cnt - (uint32_t)next : tim->cnt + (uint32_t)next;
		match(tim, tim->cnt);
		return next;
	}
	turn(tim);
	return end;
}

/* -- up to now -------------------------------------------------------------------------------- */

static uint64_t period(const struct tim *tim)
{
	return centred(tim) ? 2 * (uint64_t)tim->arr : (uint64_t)tim->arr + 1;
}

/* Nobody hears of what happens, and no preload waits to change the period. */
static bool settled(const struct tim *tim)
{
	return !sched_waits(&tim->event) && !(cr1(tim) & TIM_OPM) &&
	       tim->cnt <= tim->arr && tim->psc == tim->regs[TIM_PSC / 4] &&
	       tim->arr == tim->regs[TIM_ARR / 4] && tim_channels_settled(tim);
}

/*
 * Leaves out whole rounds, of as many periods as the repetition counter takes, after
 * which all is as before. The last ones are gone through: they set the flags.
 */
static void skip(struct tim *tim, uint32_t per_tick)
{
	int64_t now = mcu_sched(tim->mcu)->cycle;
	uint64_t round = period(tim) * per_tick * (*tim_reg(tim, TIM_RCR) + 1);
	uint64_t rounds = (uint64_t)(now - tim->base) / round;

	if (rounds > 3)
		tim->base += (int64_t)((rounds - 3) * round);
}

void tim_advance(struct tim *tim)
{
	int64_t now = mcu_sched(tim->mcu)->cycle;

	while (runs(tim) && counts_inside(tim)) {
		uint32_t per_tick = tim_hclk_per_tick(tim);
		uint64_t ticks, done;

		if (!per_tick || now < tim->base)
			return;
		ticks = (uint64_t)(now - tim->base) / per_tick;
		if (ticks == 0)
			return;
		if (settled(tim))
			skip(tim, per_tick);
		ticks = (uint64_t)(now - tim->base) / per_tick;
		done = step(tim, ticks);
		tim->base += (int64_t)(done * per_tick);
	}
	if (!runs(tim) || !counts_inside(tim) || !tim_hclk_per_tick(tim))
		tim->base = now;
}

/*
 * Someone hears of what happens at the time it happens: an interrupt, the DMA, another
 * timer or a pin. Else it is enough to work it out when asked.
 */
static bool heard(const struct tim *tim)
{
	return tim->regs[TIM_DIER / 4] || tim_master_mode(tim) >= 2 ||
	       (cr1(tim) & TIM_OPM) || tim_channels_watched(tim);
}

void tim_schedule(struct tim *tim)
{
	struct sched *sched = mcu_sched(tim->mcu);
	uint32_t per_tick = tim_hclk_per_tick(tim);
	uint64_t ticks;

	if (!runs(tim) || !counts_inside(tim) || !heard(tim) || !per_tick) {
		sched_cancel(sched, &tim->event);
		return;
	}
	ticks = ticks_to_match(tim, ticks_to_end(tim));
	sched_at_cycle(sched, &tim->event, tim->base + (int64_t)(ticks * per_tick));
}

/* -- started, set, clocked from outside ---------------------------------------------------------- */

/* 17.3.1: it counts one clock cycle after CEN. */
void tim_start(struct tim *tim)
{
	tim->base =
		mcu_sched(tim->mcu)->cycle +
		(tim_hclk_per_tick(tim) ? tim_hclk_per_tick(tim) / (tim->psc + 1) : 0);
}

void tim_update(struct tim *tim, bool by_software)
{
	if (!centred(tim))
		tim->down = cr1(tim) & TIM_DIR;
	if (!(cr1(tim) & TIM_UDIS))
		load_shadows(tim);
	tim->cnt = tim->down && !centred(tim) ? tim->arr : 0;
	if (centred(tim))
		tim->down = false;
	tim->base = mcu_sched(tim->mcu)->cycle;
	tim->outside = 0;
	if (!(cr1(tim) & TIM_UDIS) && !(by_software && (cr1(tim) & TIM_URS)))
		tim_flag(tim, TIM_UIF);
	if (tim_master_mode(tim) == 0)
		tim_signal(tim, MCU_TRGO);
	tim_channels_changed(tim);
}

void tim_external_tick(struct tim *tim, int direction)
{
	if (!runs(tim))
		return;
	if (direction == 0) { /* not an encoder: through the prescaler */
		if (tim->outside++ < tim->psc)
			return;
		tim->outside = 0;
	} else {
		tim->down = direction < 0;
	}
	step(tim, 1);
	tim_channels_changed(tim);
	tim_show(tim);
}
