/*
 * ADC1 to 3: RM0090 section 13. A conversion takes the sampling time and a cycle a bit.
 * The pins show the DAC or what drives them from outside, 0 or the supply; the inner
 * channels show a chip at 25 degrees with the 3.0 V of the Discovery (UM1472). Dual and
 * triple modes are registers only: each converter goes by itself.
 */
#include "dac.h"
#include "pins.h"
#include "rcc.h"
#include "table.h"

enum {
	SR = 0x00,
	CR1 = 0x04,
	CR2 = 0x08,
	SMPR1 = 0x0C,
	SMPR2 = 0x10,
	JOFR1 = 0x14,
	HTR = 0x24,
	LTR = 0x28,
	SQR1 = 0x2C,
	SQR3 = 0x34,
	JSQR = 0x38,
	JDR1 = 0x3C,
	JDR4 = 0x48,
	DR = 0x4C,
	REGISTERS = 20,
};

#define ADCS        3
#define ADC_BYTES   0x100u
#define COMMON_CSR  0x300u
#define COMMON_CCR  0x304u
#define CCR_BITS    0x00C3EF1Fu
#define CCR_VBATE   (1u << 22)
#define CCR_TSVREFE (1u << 23)

#define SR_AWD   (1u << 0)
#define SR_EOC   (1u << 1)
#define SR_JEOC  (1u << 2)
#define SR_JSTRT (1u << 3)
#define SR_STRT  (1u << 4)
#define SR_OVR   (1u << 5)

#define CR1_EOCIE    (1u << 5)
#define CR1_AWDIE    (1u << 6)
#define CR1_JEOCIE   (1u << 7)
#define CR1_SCAN     (1u << 8)
#define CR1_AWDSGL   (1u << 9)
#define CR1_JAUTO    (1u << 10)
#define CR1_DISCEN   (1u << 11)
#define CR1_JAWDEN   (1u << 22)
#define CR1_AWDEN    (1u << 23)
#define CR1_OVRIE    (1u << 26)
#define CR2_ADON     (1u << 0)
#define CR2_CONT     (1u << 1)
#define CR2_DMA      (1u << 8)
#define CR2_EOCS     (1u << 10)
#define CR2_ALIGN    (1u << 11)
#define CR2_JSWSTART (1u << 22)
#define CR2_SWSTART  (1u << 30)

#define CHANNEL_TEMPERATURE 16
#define CHANNEL_VREFINT     17
#define CHANNEL_VBAT        18
#define FULL                4095

/* DS8626 tables 69 and 72, typical: 0.76 V at 25 degrees, 1.21 V; VBAT through a half */
#define TEMPERATURE_VALUE (FULL * 760 / 3000)
#define VREFINT_VALUE     (FULL * 1210 / 3000)
#define VBAT_VALUE        (FULL / 2)

struct adc_block;

struct adc {
	struct adc_block *block;
	unsigned index;
	uint32_t regs[REGISTERS];
	unsigned position; /* in the regular sequence */
	bool injecting;
	struct mcu_line line;
	struct sched_event done;
};

struct adc_block {
	struct mcu *mcu;
	struct adc adcs[ADCS];
	uint32_t ccr;
};

/* DS8626 table 7: the pins of the channels of ADC1 and ADC2, and of ADC3 */
static const uint8_t channel_pins[2][16] = {
	{ PIN('A', 0), PIN('A', 1), PIN('A', 2), PIN('A', 3), PIN('A', 4), PIN('A', 5),
	  PIN('A', 6), PIN('A', 7), PIN('B', 0), PIN('B', 1), PIN('C', 0), PIN('C', 1),
	  PIN('C', 2), PIN('C', 3), PIN('C', 4), PIN('C', 5) },
	{ PIN('A', 0), PIN('A', 1), PIN('A', 2), PIN('A', 3), PIN('F', 6), PIN('F', 7),
	  PIN('F', 8), PIN('F', 9), PIN('F', 10), PIN('F', 3), PIN('C', 0), PIN('C', 1),
	  PIN('C', 2), PIN('C', 3), PIN('F', 4), PIN('F', 5) },
};

/* 13.6, tables 68 and 69; the sixteenth of each is an EXTI line, which starts nothing here */
struct source {
	uint8_t timer;
	uint8_t trigger;
};
static const struct source regular_sources[15] = {
	{ 1, MCU_CC1 }, { 1, MCU_CC2 },  { 1, MCU_CC3 }, { 2, MCU_CC2 },  { 2, MCU_CC3 },
	{ 2, MCU_CC4 }, { 2, MCU_TRGO }, { 3, MCU_CC1 }, { 3, MCU_TRGO }, { 4, MCU_CC4 },
	{ 5, MCU_CC1 }, { 5, MCU_CC2 },  { 5, MCU_CC3 }, { 8, MCU_CC1 },  { 8, MCU_TRGO },
};
static const struct source injected_sources[15] = {
	{ 1, MCU_CC4 }, { 1, MCU_TRGO }, { 2, MCU_CC1 }, { 2, MCU_TRGO }, { 3, MCU_CC2 },
	{ 3, MCU_CC4 }, { 4, MCU_CC1 },  { 4, MCU_CC2 }, { 4, MCU_CC3 },  { 4, MCU_TRGO },
	{ 5, MCU_CC4 }, { 5, MCU_TRGO }, { 8, MCU_CC2 }, { 8, MCU_CC3 },  { 8, MCU_CC4 },
};

/* clang-format off */
static const struct periph_reg regs[] = {
#define ADC_REGS(n, at) \
	{ (at) + SR, 0, n "SR" }, { (at) + CR1, 0, n "CR1" }, { (at) + CR2, 0, n "CR2" }, \
	{ (at) + SMPR1, 0, n "SMPR1" }, { (at) + SMPR2, 0, n "SMPR2" }, \
	{ (at) + 0x14, 0, n "JOFR1" }, { (at) + 0x18, 0, n "JOFR2" }, \
	{ (at) + 0x1C, 0, n "JOFR3" }, { (at) + 0x20, 0, n "JOFR4" }, \
	{ (at) + HTR, 0xFFF, n "HTR" }, { (at) + LTR, 0, n "LTR" }, \
	{ (at) + SQR1, 0, n "SQR1" }, { (at) + 0x30, 0, n "SQR2" }, \
	{ (at) + SQR3, 0, n "SQR3" }, { (at) + JSQR, 0, n "JSQR" }, \
	{ (at) + 0x3C, 0, n "JDR1" }, { (at) + 0x40, 0, n "JDR2" }, \
	{ (at) + 0x44, 0, n "JDR3" }, { (at) + 0x48, 0, n "JDR4" }, { (at) + DR, 0, n "DR" }
	ADC_REGS("1_", 0x000), ADC_REGS("2_", 0x100), ADC_REGS("3_", 0x200),
	{ COMMON_CSR, 0, "CSR" }, { COMMON_CCR, 0, "CCR" }, { 0x308, 0, "CDR" },
	{ 0, 0, NULL },
};
/* clang-format on */

static uint32_t *reg(struct adc *adc, uint32_t offset)
{
	return &adc->regs[offset / 4];
}

static void show(struct adc *adc)
{
	uint32_t sr = *reg(adc, SR), cr1 = *reg(adc, CR1);

	mcu_line_set(adc->block->mcu, &adc->line,
		     ((sr & SR_EOC) && (cr1 & CR1_EOCIE)) ||
			     ((sr & SR_AWD) && (cr1 & CR1_AWDIE)) ||
			     ((sr & SR_JEOC) && (cr1 & CR1_JEOCIE)) ||
			     ((sr & SR_OVR) && (cr1 & CR1_OVRIE)));
}

/* -- what is measured ------------------------------------------------------------------------ */

static unsigned inner_channel(const struct adc *adc, unsigned channel)
{
	uint32_t ccr = adc->block->ccr;

	if (adc->index != 0) /* 13.3.3: they are ADC1's */
		return 0;
	if (channel == CHANNEL_VBAT)
		return ccr & CCR_VBATE ? VBAT_VALUE : 0;
	if (!(ccr & CCR_TSVREFE))
		return 0;
	return channel == CHANNEL_TEMPERATURE ? TEMPERATURE_VALUE
	       : channel == CHANNEL_VREFINT   ? VREFINT_VALUE
					      : 0;
}

/* 12 bits of it */
static unsigned measure(struct adc *adc, unsigned channel)
{
	unsigned pin;
	int driven;

	if (channel >= 16)
		return inner_channel(adc, channel);
	pin = channel_pins[adc->index == 2][channel];
	driven = dac_output(adc->block->mcu, pin);
	if (driven >= 0)
		return (unsigned)driven;
	return pins_outside(adc->block->mcu, pin) == PIN_HIGH ? FULL : 0;
}

static unsigned lost_bits(struct adc *adc)
{
	return (*reg(adc, CR1) >> 24 & 3) * 2;
}

static void guard(struct adc *adc, unsigned channel, unsigned value, uint32_t enable)
{
	uint32_t cr1 = *reg(adc, CR1);

	if ((cr1 & enable) && (!(cr1 & CR1_AWDSGL) || (cr1 & 31) == channel) &&
	    (value > *reg(adc, HTR) || value < *reg(adc, LTR)))
		*reg(adc, SR) |= SR_AWD;
}

/* 13.6: to the right, or to the left of 16 bits; 6 bits go to the left of 8. */
static uint32_t aligned(struct adc *adc, int value)
{
	unsigned lost = lost_bits(adc);

	value >>= lost;
	if (!(*reg(adc, CR2) & CR2_ALIGN))
		return (uint32_t)value & 0xFFFF;
	return ((uint32_t)value << (lost == 6 ? 2 : 4 + lost)) & 0xFFFF;
}

/* -- sequences ---------------------------------------------------------------------------------- */

static unsigned sequence_length(struct adc *adc)
{
	return *reg(adc, CR1) & CR1_SCAN ? (*reg(adc, SQR1) >> 20 & 15) + 1 : 1;
}

static unsigned sequence_channel(struct adc *adc, unsigned position)
{
	uint32_t sqr = *reg(adc, SQR3 - position / 6 * 4);

	return sqr >> position % 6 * 5 & 31;
}

static unsigned injected_length(struct adc *adc)
{
	return *reg(adc, CR1) & CR1_SCAN ? (*reg(adc, JSQR) >> 20 & 3) + 1 : 1;
}

/* 13.13.12: the sequence stands at the end of JSQR. */
static unsigned injected_channel(struct adc *adc, unsigned position)
{
	return *reg(adc, JSQR) >> (4 - injected_length(adc) + position) * 5 & 31;
}

static int64_t conversion_cycles(struct adc *adc, unsigned channel)
{
	static const uint16_t samplings[] = { 3, 15, 28, 56, 84, 112, 144, 480 };
	struct mcu *mcu = adc->block->mcu;
	/* 13.13.4, 13.13.5: the last is 18 */
	uint32_t smpr = channel < 10   ? *reg(adc, SMPR2) >> channel * 3
			: channel < 19 ? *reg(adc, SMPR1) >> (channel - 10) * 3
				       : 0;
	int64_t clocks = samplings[smpr & 7] + 12 - lost_bits(adc);
	uint32_t divider = ((adc->block->ccr >> 16 & 3) + 1) * 2;

	return mcu_hz(mcu, MCU_PCLK2)
		       ? clocks * divider * mcu_hz(mcu, MCU_HCLK) / mcu_hz(mcu, MCU_PCLK2)
		       : clocks * divider;
}

static void convert_after(struct adc *adc, int64_t cycles)
{
	struct sched *sched = mcu_sched(adc->block->mcu);

	sched_at_cycle(sched, &adc->done, sched->cycle + cycles);
}

static void convert_next(struct adc *adc)
{
	convert_after(adc, conversion_cycles(adc, sequence_channel(adc, adc->position)));
}

static void start_regular(struct adc *adc)
{
	if (!(*reg(adc, CR2) & CR2_ADON) || sched_waits(&adc->done))
		return;
	*reg(adc, SR) |= SR_STRT;
	convert_next(adc);
}

/* An injected group interrupts the regular one, which then begins its channel anew. */
static void start_injected(struct adc *adc)
{
	int64_t cycles = 0;

	if (!(*reg(adc, CR2) & CR2_ADON) || adc->injecting)
		return;
	for (unsigned i = 0; i < injected_length(adc); i++)
		cycles += conversion_cycles(adc, injected_channel(adc, i));
	adc->injecting = true;
	*reg(adc, SR) |= SR_JSTRT;
	convert_after(adc, cycles);
}

static void injected_done(struct adc *adc)
{
	bool interrupted = (*reg(adc, SR) & SR_STRT) && adc->position > 0;

	for (unsigned i = 0; i < injected_length(adc); i++) {
		unsigned channel = injected_channel(adc, i);
		unsigned value = measure(adc, channel);

		guard(adc, channel, value, CR1_JAWDEN);
		*reg(adc, JDR1 + 4 * i) =
			aligned(adc, (int)value - (int)*reg(adc, JOFR1 + 4 * i));
	}
	adc->injecting = false;
	*reg(adc, SR) |= SR_JEOC;
	if (interrupted || (*reg(adc, CR2) & CR2_CONT && (*reg(adc, SR) & SR_STRT)))
		convert_next(adc);
}

/* 13.8: with the DMA, or with EOCS, a result that nobody took stops the converter. */
static bool overruns(struct adc *adc)
{
	uint32_t cr2 = *reg(adc, CR2);

	if (!(*reg(adc, SR) & SR_EOC) || !(cr2 & (CR2_DMA | CR2_EOCS)))
		return false;
	*reg(adc, SR) |= SR_OVR;
	return true;
}

static void ask_dma(struct adc *adc)
{
	static const enum mcu_dma_line lines[] = { MCU_DMA_ADC1, MCU_DMA_ADC2,
						   MCU_DMA_ADC3 };

	if (*reg(adc, CR2) & CR2_DMA)
		mcu_dma_pulse(adc->block->mcu, lines[adc->index]);
}

static void regular_done(struct adc *adc)
{
	unsigned channel = sequence_channel(adc, adc->position);
	unsigned value = measure(adc, channel);
	bool last = adc->position + 1 >= sequence_length(adc);
	bool pauses = (*reg(adc, CR1) & CR1_DISCEN) &&
		      (adc->position + 1) % ((*reg(adc, CR1) >> 13 & 7) + 1) == 0;

	if (overruns(adc))
		return;
	guard(adc, channel, value, CR1_AWDEN);
	*reg(adc, DR) = aligned(adc, (int)value);
	if (last || (*reg(adc, CR2) & (CR2_EOCS | CR2_DMA)))
		*reg(adc, SR) |= SR_EOC;
	ask_dma(adc);
	adc->position = last ? 0 : adc->position + 1;
	if (last && (*reg(adc, CR1) & CR1_JAUTO))
		start_injected(adc);
	else if (last ? *reg(adc, CR2) & CR2_CONT : !pauses)
		convert_next(adc);
}

static void done(void *ctx)
{
	struct adc *adc = ctx;

	if (adc->injecting)
		injected_done(adc);
	else
		regular_done(adc);
	show(adc);
}

static bool chosen(const struct source *sources, unsigned selection, unsigned timer,
		   enum mcu_trigger trigger)
{
	return selection < 15 && sources[selection].timer == timer &&
	       sources[selection].trigger == trigger;
}

static void heard(void *ctx, unsigned timer, enum mcu_trigger trigger)
{
	struct adc_block *block = ctx;

	for (unsigned i = 0; i < ADCS; i++) {
		struct adc *adc = &block->adcs[i];
		uint32_t cr2 = *reg(adc, CR2);

		if ((cr2 >> 28 & 3) &&
		    chosen(regular_sources, cr2 >> 24 & 15, timer, trigger))
			start_regular(adc);
		if ((cr2 >> 20 & 3) &&
		    chosen(injected_sources, cr2 >> 16 & 15, timer, trigger))
			start_injected(adc);
	}
}

/* -- registers -------------------------------------------------------------------------------------- */

static bool adc_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct adc_block *block = self;

	block->mcu = mcu;
	for (unsigned i = 0; i < ADCS; i++) {
		struct adc *adc = &block->adcs[i];

		adc->block = block;
		adc->index = i;
		adc->line.irq = (uint8_t)row->irqs[0];
		adc->done = (struct sched_event){ .fire = done, .ctx = adc };
	}
	mcu_watch_triggers(mcu, heard, block);
	return true;
}

static void stop(struct adc *adc)
{
	sched_cancel(mcu_sched(adc->block->mcu), &adc->done);
	adc->injecting = false;
	adc->position = 0;
}

static void adc_reset(void *self)
{
	struct adc_block *block = self;

	block->ccr = 0;
	for (unsigned i = 0; i < ADCS; i++) {
		struct adc *adc = &block->adcs[i];

		for (unsigned r = 0; r < REGISTERS; r++)
			adc->regs[r] = 0;
		*reg(adc, HTR) = 0xFFF;
		stop(adc);
		show(adc);
	}
}

static uint32_t common_read(struct adc_block *block, uint32_t offset)
{
	uint32_t csr = 0;

	if (offset == COMMON_CCR)
		return block->ccr;
	for (unsigned i = 0; offset == COMMON_CSR && i < ADCS; i++)
		csr |= *reg(&block->adcs[i], SR) << 8 * i;
	return csr;
}

static uint32_t adc_peek(void *self, uint32_t offset)
{
	struct adc_block *block = self;

	if (offset >= COMMON_CSR)
		return common_read(block, offset);
	if (offset % ADC_BYTES > DR || !rcc_adc_clocked(block->mcu, offset / ADC_BYTES))
		return 0;
	return *reg(&block->adcs[offset / ADC_BYTES], offset % ADC_BYTES);
}

static uint32_t adc_read(void *self, uint32_t offset)
{
	struct adc_block *block = self;
	uint32_t value = adc_peek(block, offset);

	if (offset < COMMON_CSR && offset % ADC_BYTES == DR) {
		*reg(&block->adcs[offset / ADC_BYTES], SR) &= ~SR_EOC;
		show(&block->adcs[offset / ADC_BYTES]);
	}
	return value;
}

static void write_cr2(struct adc *adc, uint32_t value)
{
	*reg(adc, CR2) = value & 0x3F3F0F03; /* the start bits read as 0 once it goes */
	if (!(value & CR2_ADON))
		stop(adc);
	if (value & CR2_SWSTART)
		start_regular(adc);
	if (value & CR2_JSWSTART)
		start_injected(adc);
}

/* 13.13.4, 13.13.5, 13.13.9 to 13.13.12 */
static uint32_t sequence_bits(uint32_t offset)
{
	switch (offset) {
	case SMPR1:
		return 0x07FFFFFF;
	case SQR1:
		return 0x00FFFFFF;
	case JSQR:
		return 0x003FFFFF;
	default:
		return 0x3FFFFFFF;
	}
}

static void write_register(struct adc *adc, uint32_t offset, uint32_t value)
{
	if (offset == SR)
		*reg(adc, SR) &= value;
	else if (offset == CR2)
		write_cr2(adc, value);
	else if (offset == CR1)
		*reg(adc, CR1) = value & 0x07C0FFFF;
	else if (offset >= JOFR1 && offset <= LTR)
		*reg(adc, offset) = value & 0xFFF;
	else if (offset < JDR1)
		*reg(adc, offset) = value & sequence_bits(offset);
	show(adc);
}

static void adc_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct adc_block *block = self;

	(void)mask; /* on APB: always whole */
	if (offset == COMMON_CCR)
		block->ccr = value & CCR_BITS;
	else if (offset < COMMON_CSR && rcc_adc_clocked(block->mcu, offset / ADC_BYTES))
		write_register(&block->adcs[offset / ADC_BYTES], offset % ADC_BYTES,
			       value);
}

const struct periph_class adc_class = {
	.size = sizeof(struct adc_block),
	.open = adc_open,
	.reset = adc_reset,
	.read = adc_read,
	.peek = adc_peek,
	.write = adc_write,
	.regs = regs,
};
