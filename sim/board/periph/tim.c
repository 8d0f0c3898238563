#include "tim.h"

#define EGR_UG TIM_UIF

/* RM0090 tables 92, 97, 101: ITR0 to ITR3; TIM10, 11, 13 and 14 lend their OC1 */
static const struct tim_kind kinds[] = {
	[1] = { 4, false, true, true, true, true, { 5, 2, 3, 4 } },
	[2] = { 4, true, false, true, true, true, { 1, 8, 3, 4 } },
	[3] = { 4, false, false, true, true, true, { 1, 2, 5, 4 } },
	[4] = { 4, false, false, true, true, true, { 1, 2, 3, 8 } },
	[5] = { 4, true, false, true, true, true, { 2, 3, 4, 8 } },
	[6] = { 0, false, false, false, false, true, { 0 } },
	[7] = { 0, false, false, false, false, true, { 0 } },
	[8] = { 4, false, true, true, true, true, { 1, 2, 4, 5 } },
	[9] = { 2, false, false, false, true, false, { 2, 3, 10, 11 } },
	[10] = { 1, false, false, false, false, false, { 0 } },
	[11] = { 1, false, false, false, false, false, { 0 } },
	[12] = { 2, false, false, false, true, false, { 4, 5, 13, 14 } },
	[13] = { 1, false, false, false, false, false, { 0 } },
	[14] = { 1, false, false, false, false, false, { 0 } },
};

#define TIMERS (sizeof(kinds) / sizeof(kinds[0]))

/* The DMA request of each flag; 0xFF: it has none (RM0090 tables 42 and 43) */
#define NO         0xFF
#define LINE(name) MCU_DMA_##name
static const struct dma_lines {
	uint8_t up, cc[TIM_CHANNELS], com, trig;
} dma_lines[TIMERS] = {
	[1] = { LINE(TIM1_UP),
		{ LINE(TIM1_CH1), LINE(TIM1_CH2), LINE(TIM1_CH3), LINE(TIM1_CH4) },
		LINE(TIM1_COM),
		LINE(TIM1_TRIG) },
	[2] = { LINE(TIM2_UP),
		{ LINE(TIM2_CH1), LINE(TIM2_CH2), LINE(TIM2_CH3), LINE(TIM2_CH4) },
		NO,
		NO },
	[3] = { LINE(TIM3_UP),
		{ LINE(TIM3_CH1), LINE(TIM3_CH2), LINE(TIM3_CH3), LINE(TIM3_CH4) },
		NO,
		LINE(TIM3_TRIG) },
	[4] = { LINE(TIM4_UP),
		{ LINE(TIM4_CH1), LINE(TIM4_CH2), LINE(TIM4_CH3), NO },
		NO,
		NO },
	[5] = { LINE(TIM5_UP),
		{ LINE(TIM5_CH1), LINE(TIM5_CH2), LINE(TIM5_CH3), LINE(TIM5_CH4) },
		NO,
		LINE(TIM5_TRIG) },
	[6] = { LINE(TIM6_UP), { NO, NO, NO, NO }, NO, NO },
	[7] = { LINE(TIM7_UP), { NO, NO, NO, NO }, NO, NO },
	[8] = { LINE(TIM8_UP),
		{ LINE(TIM8_CH1), LINE(TIM8_CH2), LINE(TIM8_CH3), LINE(TIM8_CH4) },
		LINE(TIM8_COM),
		LINE(TIM8_TRIG) },
	[9] = { NO, { NO, NO, NO, NO }, NO, NO },
	[10] = { NO, { NO, NO, NO, NO }, NO, NO },
	[11] = { NO, { NO, NO, NO, NO }, NO, NO },
	[12] = { NO, { NO, NO, NO, NO }, NO, NO },
	[13] = { NO, { NO, NO, NO, NO }, NO, NO },
	[14] = { NO, { NO, NO, NO, NO }, NO, NO },
};

static const struct periph_reg regs[] = {
	{ TIM_CR1, 0, "CR1" },     { TIM_CR2, 0, "CR2" },
	{ TIM_SMCR, 0, "SMCR" },   { TIM_DIER, 0, "DIER" },
	{ TIM_SR, 0, "SR" },       { TIM_EGR, 0, "EGR" },
	{ TIM_CCMR1, 0, "CCMR1" }, { TIM_CCMR2, 0, "CCMR2" },
	{ TIM_CCER, 0, "CCER" },   { TIM_CNT, 0, "CNT" },
	{ TIM_PSC, 0, "PSC" },     { TIM_ARR, 0xFFFF, "ARR" },
	{ TIM_RCR, 0, "RCR" },     { TIM_CCR1, 0, "CCR1" },
	{ 0x38, 0, "CCR2" },       { 0x3C, 0, "CCR3" },
	{ TIM_CCR4, 0, "CCR4" },   { TIM_BDTR, 0, "BDTR" },
	{ TIM_DCR, 0, "DCR" },     { TIM_DMAR, 0, "DMAR" },
	{ TIM_OR, 0, "OR" },       { 0, 0, NULL },
};

/* -- found by number ----------------------------------------------------------------------- */

struct tim *tim_numbered(const struct mcu *mcu, unsigned number)
{
	for (size_t i = 0; i < periph_count; i++)
		if (periph_table[i].class == &tim_class &&
		    periph_table[i].number == number)
			return mcu_periph_row(mcu, &periph_table[i]);
	return NULL;
}

/* -- flags, interrupts, DMA ------------------------------------------------------------------ */

void tim_show(struct tim *tim)
{
	uint32_t flags = *tim_reg(tim, TIM_SR) & *tim_reg(tim, TIM_DIER) & 0xFF;

	if (!tim->kind->advanced) {
		mcu_line_set(tim->mcu, &tim->lines[0], flags);
		return;
	}
	mcu_line_set(tim->mcu, &tim->lines[0], flags & TIM_BIF);
	mcu_line_set(tim->mcu, &tim->lines[1], flags & TIM_UIF);
	mcu_line_set(tim->mcu, &tim->lines[2], flags & (TIM_TIF | TIM_COMIF));
	mcu_line_set(tim->mcu, &tim->lines[3], flags & 0x1E);
}

static void ask_dma(struct tim *tim, uint32_t enable, uint8_t line)
{
	if (!(*tim_reg(tim, TIM_DIER) & enable) || line == NO)
		return;
	tim->burst_line = line;
	mcu_dma_pulse(tim->mcu, (enum mcu_dma_line)line);
}

void tim_flag(struct tim *tim, uint32_t flag)
{
	const struct dma_lines *lines = &dma_lines[tim->row->number];

	*tim_reg(tim, TIM_SR) |= flag;
	if (flag == TIM_UIF)
		ask_dma(tim, TIM_UDE, lines->up);
	else if (flag == TIM_COMIF)
		ask_dma(tim, TIM_COMDE, lines->com);
	else if (flag == TIM_TIF)
		ask_dma(tim, TIM_TDE, lines->trig);
	for (unsigned c = 0; c < TIM_CHANNELS; c++)
		if (flag == TIM_CCIF(c))
			ask_dma(tim, TIM_CCDE(c), lines->cc[c]);
}

/* -- signals to others ---------------------------------------------------------------------------- */

unsigned tim_master_mode(const struct tim *tim)
{
	return tim->kind->master ? tim->regs[TIM_CR2 / 4] >> 4 & 7 : 8;
}

/* Where timers are one another's slaves in a ring, it is gone round once. */
static void tell_slaves(struct tim *tim, bool level)
{
	tim->tells = true;
	for (unsigned number = 1; number < TIMERS; number++)
		if (kinds[number].slave && number != tim->row->number)
			tim_master_heard(tim_numbered(tim->mcu, number), tim->row->number,
					 level);
	tim->tells = false;
}

void tim_signal(struct tim *tim, enum mcu_trigger signal)
{
	/* the timers without a trigger output lend their first channel */
	bool lends = !tim->kind->slave && !tim->kind->master && signal == MCU_CC1;

	mcu_trigger(tim->mcu, tim->row->number, signal);
	if (signal == MCU_TRGO || lends)
		tell_slaves(tim, true);
}

void tim_trigger_level(struct tim *tim, bool level)
{
	if (level)
		tim_signal(tim, MCU_TRGO);
	else
		tell_slaves(tim, false);
}

/* -- registers -------------------------------------------------------------------------------------- */

static void due(void *ctx)
{
	struct tim *tim = ctx;

	tim_advance(tim);
	tim_channels_changed(tim);
	tim_show(tim);
	tim_schedule(tim);
}

static bool tim_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct tim *tim = self;

	tim->mcu = mcu;
	tim->row = row;
	tim->kind = &kinds[row->number];
	tim->event = (struct sched_event){ .fire = due, .ctx = tim };
	for (unsigned i = 0; i < 4 && row->irqs[i] >= 0; i++)
		tim->lines[i].irq = (uint8_t)row->irqs[i];
	tim_channels_open(tim);
	tim_inner_open(tim);
	return true;
}

static void tim_reset(void *self)
{
	struct tim *tim = self;

	for (unsigned i = 0; i < TIM_REGISTERS; i++)
		tim->regs[i] = 0;
	*tim_reg(tim, TIM_ARR) = tim_max(tim);
	tim->arr = tim_max(tim);
	tim->cnt = tim->psc = tim->outside = 0;
	tim->repetitions = tim->burst = 0;
	tim->burst_line = NO;
	tim->down = tim->lock_written = false;
	tim->gate = true;
	tim_channels_reset(tim);
	sched_cancel(mcu_sched(tim->mcu), &tim->event);
	tim_inner_schedule(tim);
	tim_show(tim);
	tim_channels_changed(tim);
}

/* Centre-aligned, or an encoder's: DIR says where it counts (17.4.1). */
static bool finds_direction(struct tim *tim)
{
	unsigned mode = *tim_reg(tim, TIM_SMCR) & 7;

	return (*tim_reg(tim, TIM_CR1) & TIM_CMS) || (mode >= 1 && mode <= 3);
}

static uint32_t tim_peek(void *self, uint32_t offset)
{
	struct tim *tim = self;

	if (offset > TIM_OR || offset == TIM_EGR)
		return 0;
	tim_advance(tim); /* works out what has happened already, no more */
	if (offset == TIM_CNT)
		return tim->cnt;
	if (offset == TIM_CR1 && finds_direction(tim))
		return (*tim_reg(tim, TIM_CR1) & ~TIM_DIR) | (tim->down ? TIM_DIR : 0);
	return *tim_reg(tim, offset);
}

/*
 * Where DMAR leads to: DBA words behind CR1, one further with each access; a request of the
 * DMA is over with the last of them (17.4.19).
 */
static uint32_t burst_target(struct tim *tim)
{
	uint32_t dcr = *tim_reg(tim, TIM_DCR);
	uint32_t base = dcr & 0x1F, length = (dcr >> 8 & 0x1F) + 1;
	uint32_t offset = (base + tim->burst) * 4;

	tim->burst = (tim->burst + 1) % length;
	if (tim->burst && tim->burst_line != NO)
		mcu_dma_more(tim->mcu, (enum mcu_dma_line)tim->burst_line);
	return offset < TIM_DCR ? offset : TIM_EGR;
}

static uint32_t tim_read(void *self, uint32_t offset)
{
	struct tim *tim = self;

	tim_advance(tim);
	if (offset == TIM_DMAR)
		offset = burst_target(tim);
	/* 17.4.5: reading a capture clears its flag */
	if (offset >= TIM_CCR1 && offset <= TIM_CCR4 &&
	    !tim_channel_compares(tim, (offset - TIM_CCR1) / 4)) {
		*tim_reg(tim, TIM_SR) &= ~TIM_CCIF((offset - TIM_CCR1) / 4);
		tim_show(tim);
	}
	return tim_peek(tim, offset);
}

static void generate(struct tim *tim, uint32_t events)
{
	if (events & EGR_UG)
		tim_update(tim, true);
	for (unsigned c = 0; c < tim->kind->channels; c++) {
		if (!(events & TIM_CCIF(c)))
			continue;
		if (tim_channel_compares(tim, c))
			tim_flag(tim, TIM_CCIF(c));
		else
			tim_channel_capture(tim, c);
	}
	if ((events & TIM_TIF) && tim->kind->slave)
		tim_flag(tim, TIM_TIF);
	if (!tim->kind->advanced)
		return;
	if (events & TIM_COMIF)
		tim_flag(tim, TIM_COMIF);
	if (events & TIM_BIF) {
		*tim_reg(tim, TIM_BDTR) &= ~TIM_MOE;
		tim_flag(tim, TIM_BIF);
	}
}

static void write_cr1(struct tim *tim, uint32_t value)
{
	uint32_t was = *tim_reg(tim, TIM_CR1);
	uint32_t mask =
		tim->kind->down ? 0x3FF : 0x8F | (tim->kind->channels ? 0x300 : 0);

	value &= mask;
	*tim_reg(tim, TIM_CR1) = value;
	if (!(value & TIM_CMS))
		tim->down = value & TIM_DIR;
	else if (!(was & TIM_CMS))
		tim->down = false;
	if ((value ^ was) & TIM_CEN) {
		if (value & TIM_CEN)
			tim_start(tim);
		if (tim_master_mode(tim) == 1)
			tim_trigger_level(tim, value & TIM_CEN);
	}
}

/* Preloaded or not: CR1.ARPE, and OCxPE of the channel. */
static void write_value(struct tim *tim, uint32_t offset, uint32_t value)
{
	unsigned channel = (offset - TIM_CCR1) / 4;

	value &= tim_max(tim);
	*tim_reg(tim, offset) = value;
	if (offset == TIM_ARR) {
		if (!(*tim_reg(tim, TIM_CR1) & TIM_ARPE))
			tim->arr = value;
	} else {
		tim_channel_written(tim, channel, value);
	}
}

/* The bits that a register has on the instance; 0: it has no such register. */
static uint32_t bits_of(const struct tim *tim, uint32_t offset)
{
	const struct tim_kind *kind = tim->kind;
	uint32_t per_channel = kind->channels == 4   ? 0xFFFF
			       : kind->channels == 2 ? 0x00BB
			       : kind->channels      ? 0x000B
						     : 0;

	switch (offset) {
	case TIM_CR2:
		return kind->advanced ? 0x7FFD
		       : kind->master ? kind->slave ? 0xF8 : 0x70
				      : 0;
	case TIM_SMCR:
		return !kind->slave ? 0 : kind->master ? 0xFFF7 : 0x00F7;
	case TIM_DIER:
		if (kind->advanced)
			return 0x7FFF;
		if (kind->master)
			return kind->slave ? 0x5F5F : 0x101;
		return kind->slave ? 0x47 : 0x03;
	case TIM_CCMR1:
		return kind->channels >= 2 ? 0xFFFF : kind->channels ? 0xFF : 0;
	case TIM_CCMR2:
		return kind->channels == 4 ? 0xFFFF : 0;
	case TIM_CCER:
		return kind->advanced ? 0x3FFF : per_channel & 0xBBBB;
	case TIM_PSC:
		return 0xFFFF;
	case TIM_RCR:
		return kind->advanced ? 0xFF : 0;
	case TIM_BDTR:
		return kind->advanced ? 0xFFFF : 0;
	case TIM_DCR:
		return kind->channels == 4 ? 0x1F1F : 0;
	case TIM_OR: /* 18.4.19, 18.4.20, 20.5.11: of three, to each its own */
		return tim->row->number == 2    ? 0xC00
		       : tim->row->number == 5  ? 0x0C0
		       : tim->row->number == 11 ? 0x003
						: 0;
	default:
		return 0;
	}
}

static void write_bits(struct tim *tim, uint32_t offset, uint32_t value)
{
	uint32_t locked = tim_locked(tim, offset);

	*tim_reg(tim, offset) = (*tim_reg(tim, offset) & locked) |
				(value & bits_of(tim, offset) & ~locked);
}

static void write_register(struct tim *tim, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case TIM_CR1:
		write_cr1(tim, value);
		break;
	case TIM_SR: /* cleared by writing 0 */
		*tim_reg(tim, TIM_SR) &= value;
		break;
	case TIM_EGR:
		generate(tim, value);
		break;
	case TIM_CNT:
		tim->cnt = value & tim_max(tim);
		tim->base = mcu_sched(tim->mcu)->cycle;
		break;
	default:
		if (offset == TIM_ARR || (offset >= TIM_CCR1 && offset <= TIM_CCR4 &&
					  (offset - TIM_CCR1) / 4 < tim->kind->channels))
			write_value(tim, offset, value);
		else if (offset <= TIM_OR)
			write_bits(tim, offset, value);
	}
	if (offset == TIM_BDTR)
		tim->lock_written = true;
	if (offset == TIM_DCR)
		tim->burst = 0;
	if (offset == TIM_SMCR)
		tim->gate = (value & 7) != 5 || tim_gate_level(tim);
}

static void tim_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct tim *tim = self;

	(void)mask; /* on APB: always whole */
	if (offset > TIM_OR)
		return;
	tim_advance(tim);
	write_register(tim, offset == TIM_DMAR ? burst_target(tim) : offset, value);
	tim_channels_changed(tim);
	tim_show(tim);
	tim_schedule(tim);
	tim_inner_schedule(tim);
}

static void tim_sync(void *self)
{
	tim_advance(self);
}

static void tim_clocks(void *self)
{
	struct tim *tim = self;

	tim->base = mcu_sched(tim->mcu)->cycle;
	tim_schedule(tim);
	tim_inner_schedule(tim);
}

const struct periph_class tim_class = {
	.size = sizeof(struct tim),
	.open = tim_open,
	.reset = tim_reset,
	.read = tim_read,
	.peek = tim_peek,
	.write = tim_write,
	.sync = tim_sync,
	.clocks = tim_clocks,
	.regs = regs,
};
