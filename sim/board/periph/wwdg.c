/* The window watchdog: RM0090 section 22. It counts PCLK1 / 4096 / 2^WDGTB. */
#include "table.h"

enum { CR = 0x00, CFR = 0x04, SR = 0x08 };

#define CR_T    0x7Fu
#define CR_WDGA 0x80u
#define T6      0x40u

#define CFR_W        0x07Fu
#define CFR_EWI      0x200u
#define CFR_WRITABLE 0x3FFu

#define SR_EWIF 0x1u

struct wwdg {
	struct mcu *mcu;
	const struct periph_row *row;
	struct mcu_line line;
	uint32_t cr, cfr, sr;
	uint32_t phase;          /* of PCLK1, within a step of the counter */
	int64_t at_cycle;        /* when all that was so */
	struct sched_event step; /* the next one that matters */
};

static const struct periph_reg regs[] = {
	{ CR, 0x7F, "CR" },
	{ CFR, 0x7F, "CFR" },
	{ SR, 0, "SR" },
	{ 0, 0, NULL },
};

/* Cycles of HCLK in one of PCLK1; 0: the counter stands still. */
static uint32_t ratio(const struct wwdg *wwdg)
{
	uint32_t pclk1 = mcu_hz(wwdg->mcu, MCU_PCLK1);

	if (!pclk1 || !mcu_periph_clocked(wwdg->mcu, wwdg->row))
		return 0;
	return mcu_hz(wwdg->mcu, MCU_HCLK) / pclk1;
}

static uint32_t step_cycles(const struct wwdg *wwdg)
{
	return 4096u << (wwdg->cfr >> 7 & 3);
}

static void show_interrupt(struct wwdg *wwdg)
{
	mcu_line_set(wwdg->mcu, &wwdg->line,
		     (wwdg->sr & SR_EWIF) && (wwdg->cfr & CFR_EWI));
}

static void count_down(struct wwdg *wwdg)
{
	uint32_t t = (wwdg->cr - 1) & CR_T;

	wwdg->cr = (wwdg->cr & CR_WDGA) | t;
	if (t == T6) {
		wwdg->sr |= SR_EWIF;
		show_interrupt(wwdg);
	}
	if (t == T6 - 1 && (wwdg->cr & CR_WDGA))
		mcu_ask_reset(wwdg->mcu, MCU_RESET_WWDG);
}

/* Brings the counter up to now. */
static void wwdg_sync(void *self)
{
	struct wwdg *wwdg = self;
	int64_t now = mcu_sched(wwdg->mcu)->cycle;
	uint32_t hclks = ratio(wwdg);
	int64_t passed;

	if (!hclks) {
		wwdg->at_cycle = now;
		return;
	}
	passed = (now - wwdg->at_cycle) / hclks;
	wwdg->at_cycle += passed * hclks;
	passed += wwdg->phase;
	wwdg->phase = (uint32_t)(passed % step_cycles(wwdg));
	for (int64_t steps = passed / step_cycles(wwdg); steps > 0; steps--)
		count_down(wwdg);
}

/* At 0x40 comes the flag, a step later the reset. */
static void plan(struct wwdg *wwdg)
{
	uint32_t t = wwdg->cr & CR_T, hclks = ratio(wwdg);
	uint32_t steps = t > T6 ? t - T6 : t == T6 ? 1 : t + T6;

	if (!hclks) {
		sched_cancel(mcu_sched(wwdg->mcu), &wwdg->step);
		return;
	}
	sched_at_cycle(mcu_sched(wwdg->mcu), &wwdg->step,
		       wwdg->at_cycle +
			       ((int64_t)steps * step_cycles(wwdg) - wwdg->phase) *
				       hclks);
}

static void wwdg_clocks(void *self)
{
	struct wwdg *wwdg = self;

	wwdg->at_cycle = mcu_sched(wwdg->mcu)->cycle;
	plan(wwdg);
}

static void stepped(void *ctx)
{
	wwdg_sync(ctx);
	plan(ctx);
}

/* -- registers --------------------------------------------------------------------------- */

static uint32_t wwdg_read(void *self, uint32_t offset)
{
	struct wwdg *wwdg = self;

	wwdg_sync(wwdg);
	return offset == CR    ? wwdg->cr
	       : offset == CFR ? wwdg->cfr
	       : offset == SR  ? wwdg->sr
			       : 0;
}

/* 22.4: too early, above the window, is as wrong as too late. */
static void write_cr(struct wwdg *wwdg, uint32_t value)
{
	bool was_on = wwdg->cr & CR_WDGA;
	bool early = was_on && (wwdg->cr & CR_T) > (wwdg->cfr & CFR_W);

	wwdg->cr = (value & (CR_T | CR_WDGA)) | (wwdg->cr & CR_WDGA);
	if (early || ((wwdg->cr & CR_WDGA) && !(wwdg->cr & T6)))
		mcu_ask_reset(wwdg->mcu, MCU_RESET_WWDG);
}

static void wwdg_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct wwdg *wwdg = self;

	(void)mask;
	wwdg_sync(wwdg);
	if (offset == CR) {
		write_cr(wwdg, value);
	} else if (offset == CFR) {
		wwdg->cfr = (value & CFR_WRITABLE) | (wwdg->cfr & CFR_EWI);
		wwdg->phase %= step_cycles(wwdg);
	} else if (offset == SR) {
		wwdg->sr &= value;
	}
	show_interrupt(wwdg);
	plan(wwdg);
}

static void wwdg_reset(void *self)
{
	struct wwdg *wwdg = self;

	wwdg->cr = 0x7F;
	wwdg->cfr = 0x7F;
	wwdg->sr = 0;
	wwdg->phase = 0;
	show_interrupt(wwdg);
	wwdg_clocks(wwdg);
}

static bool wwdg_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct wwdg *wwdg = self;

	wwdg->mcu = mcu;
	wwdg->row = row;
	wwdg->line.irq = (uint8_t)row->irqs[0];
	wwdg->step = (struct sched_event){ .fire = stepped, .ctx = wwdg };
	return true;
}

const struct periph_class wwdg_class = {
	.size = sizeof(struct wwdg),
	.open = wwdg_open,
	.reset = wwdg_reset,
	.read = wwdg_read,
	.write = wwdg_write,
	.sync = wwdg_sync,
	.clocks = wwdg_clocks,
	.regs = regs,
};
