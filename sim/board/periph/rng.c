/*
 * The random number generator: RM0090 section 24. A number takes 40 periods of PLL48CK;
 * it comes from the chip's one generator, so that a seed gives the same run again.
 */
#include "table.h"

enum { CR = 0x00, SR = 0x04, DR = 0x08 };

#define CR_RNGEN    0x4u
#define CR_IE       0x8u
#define CR_WRITABLE (CR_RNGEN | CR_IE)

#define SR_DRDY 0x01u
#define SR_CECS 0x02u
#define SR_CEIS 0x20u
#define SR_SEIS 0x40u

#define PERIODS  40
#define NS_PER_S 1000000000

struct rng {
	struct mcu *mcu;
	const struct periph_row *row;
	struct mcu_line line;
	uint32_t cr, sr, dr;
	uint32_t last;
	uint32_t clock_hz; /* the number under way counts this */
	struct sched_event ready;
};

static const struct periph_reg regs[] = {
	{ CR, 0, "CR" },
	{ SR, 0, "SR" },
	{ DR, 0, "DR" },
	{ 0, 0, NULL },
};

static void show_interrupt(struct rng *rng)
{
	mcu_line_set(rng->mcu, &rng->line,
		     (rng->cr & CR_IE) && (rng->sr & (SR_DRDY | SR_CEIS | SR_SEIS)));
}

/* 24.3.2: two numbers that are the same would be a fault of the seed. */
static void number_ready(void *ctx)
{
	struct rng *rng = ctx;

	do
		rng->dr = (uint32_t)mcu_random(rng->mcu);
	while (rng->dr == rng->last);
	rng->last = rng->dr;
	rng->sr |= SR_DRDY;
	show_interrupt(rng);
}

/* 24.3.2: the clock is wrong below a sixteenth of HCLK. */
static bool clock_wrong(const struct rng *rng)
{
	uint32_t hz = mcu_hz(rng->mcu, MCU_PLL48CK);

	return hz == 0 || hz < mcu_hz(rng->mcu, MCU_HCLK) / 16;
}

/* Begins the next number if it can, and stops one that can not go on. */
static void update(struct rng *rng)
{
	struct sched *sched = mcu_sched(rng->mcu);
	bool on = (rng->cr & CR_RNGEN) && mcu_periph_clocked(rng->mcu, rng->row);
	uint32_t hz = mcu_hz(rng->mcu, MCU_PLL48CK);

	if (!on || !clock_wrong(rng))
		rng->sr &= ~SR_CECS;
	else if (!(rng->sr & SR_CECS))
		rng->sr |= SR_CECS | SR_CEIS;
	if (!on || (rng->sr & (SR_CECS | SR_DRDY)) || hz != rng->clock_hz)
		sched_cancel(sched, &rng->ready);
	rng->clock_hz = hz;
	if (on && !(rng->sr & (SR_CECS | SR_DRDY)) && !sched_waits(&rng->ready))
		sched_at_ns(sched, &rng->ready,
			    sched_ns(sched) +
				    ((int64_t)PERIODS * NS_PER_S + hz - 1) / hz);
	show_interrupt(rng);
}

/* -- registers --------------------------------------------------------------------------- */

static uint32_t rng_peek(void *self, uint32_t offset)
{
	const struct rng *rng = self;

	switch (offset) {
	case CR:
		return rng->cr;
	case SR:
		return rng->sr;
	case DR:
		return rng->sr & SR_DRDY ? rng->dr : 0;
	default:
		return 0;
	}
}

static uint32_t rng_read(void *self, uint32_t offset)
{
	struct rng *rng = self;
	uint32_t value = rng_peek(self, offset);

	if (offset == DR && (rng->sr & SR_DRDY)) {
		rng->sr &= ~SR_DRDY;
		update(rng);
	}
	return value;
}

static void rng_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct rng *rng = self;

	if (offset == CR) {
		rng->cr = ((rng->cr & ~mask) | (value & mask)) & CR_WRITABLE;
		if (!(rng->cr & CR_RNGEN))
			rng->sr &= ~SR_DRDY;
	} else if (offset == SR) {
		rng->sr &= value | ~mask | ~(SR_CEIS | SR_SEIS);
	}
	update(rng);
}

static void rng_clocks(void *self)
{
	update(self);
}

static void rng_reset(void *self)
{
	struct rng *rng = self;

	rng->cr = 0;
	rng->sr = 0;
	rng->dr = 0;
	update(rng);
}

static bool rng_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct rng *rng = self;

	rng->mcu = mcu;
	rng->row = row;
	rng->line.irq = (uint8_t)row->irqs[0];
	rng->ready = (struct sched_event){ .fire = number_ready, .ctx = rng };
	return true;
}

const struct periph_class rng_class = {
	.size = sizeof(struct rng),
	.open = rng_open,
	.reset = rng_reset,
	.read = rng_read,
	.peek = rng_peek,
	.write = rng_write,
	.clocks = rng_clocks,
	.regs = regs,
};
