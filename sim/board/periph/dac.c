/*
 * The DAC's two channels: RM0090 section 14. Data go from the holding register to the
 * output at once or at a trigger, with noise or a triangle added, and a trigger asks the
 * DMA for more. EXTI line 9 triggers nothing here.
 */
#include "dac.h"

#include "pins.h"
#include "table.h"

enum {
	CR = 0x00,
	SWTRIGR = 0x04,
	DHR12R1 = 0x08, /* two channels with three formats each, then both at a time */
	DHR12RD = 0x20,
	DHR12LD = 0x24,
	DHR8RD = 0x28,
	DOR1 = 0x2C,
	DOR2 = 0x30,
	SR = 0x34,
};

/* Of channel 1; those of channel 2 stand 16 bits above */
#define CR_EN       (1u << 0)
#define CR_TEN      (1u << 2)
#define CR_DMAEN    (1u << 12)
#define CR_DMAUDRIE (1u << 13)
#define CR_WRITABLE 0x3FFF3FFFu
#define SR_DMAUDR   (1u << 13)
#define SOFTWARE    7 /* of TSEL */

#define CHANNELS   2
#define FULL       0xFFFu
#define NOISE_SEED 0xAAAu

enum wave { PLAIN, NOISE, TRIANGLE };

struct channel {
	uint32_t held, out;
	uint32_t noise, triangle;
	bool falls;
};

struct dac {
	struct mcu *mcu;
	const struct periph_row *row;
	struct mcu_line line;
	uint32_t cr, sr;
	struct channel channels[CHANNELS];
};

static const struct periph_reg regs[] = {
	{ CR, 0, "CR" },           { SWTRIGR, 0, "SWTRIGR" }, { DHR12R1, 0, "DHR12R1" },
	{ 0x0C, 0, "DHR12L1" },    { 0x10, 0, "DHR8R1" },     { 0x14, 0, "DHR12R2" },
	{ 0x18, 0, "DHR12L2" },    { 0x1C, 0, "DHR8R2" },     { DHR12RD, 0, "DHR12RD" },
	{ DHR12LD, 0, "DHR12LD" }, { DHR8RD, 0, "DHR8RD" },   { DOR1, 0, "DOR1" },
	{ DOR2, 0, "DOR2" },       { SR, 0, "SR" },           { 0, 0, NULL },
};

static uint32_t control(const struct dac *dac, unsigned n)
{
	return dac->cr >> 16 * n;
}

static void show(struct dac *dac)
{
	bool wanted = false;

	for (unsigned n = 0; n < CHANNELS; n++)
		wanted |= (dac->sr >> 16 * n & SR_DMAUDR) &&
			  (control(dac, n) & CR_DMAUDRIE);
	mcu_line_set(dac->mcu, &dac->line, wanted);
}

/* -- conversion ---------------------------------------------------------------------------- */

/* 14.3.8: 12 bits that are shifted to the right; all zeros would stay so */
static uint32_t next_noise(uint32_t noise)
{
	uint32_t in = noise ^ noise >> 1 ^ noise >> 4 ^ noise >> 6;

	return noise ? noise >> 1 | (in & 1) << 11 : 1u << 11;
}

/* 14.3.9: up to MAMP's amplitude and down again */
static void next_triangle(struct channel *channel, uint32_t amplitude)
{
	if (channel->triangle >= amplitude)
		channel->falls = true;
	else if (channel->triangle == 0)
		channel->falls = false;
	channel->triangle += channel->falls ? -1u : 1u;
}

/* A trigger: what was held goes out, with the wave as it stood. */
static void convert(struct dac *dac, unsigned n)
{
	struct channel *channel = &dac->channels[n];
	uint32_t mamp = control(dac, n) >> 8 & 15;
	uint32_t amplitude = (2u << (mamp < 11 ? mamp : 11)) - 1, added = 0;

	switch ((enum wave)(control(dac, n) >> 6 & 3)) {
	case PLAIN:
		break;
	case NOISE:
		added = channel->noise & amplitude;
		channel->noise = next_noise(channel->noise);
		break;
	default: /* TRIANGLE and 3, which is one too */
		added = channel->triangle;
		next_triangle(channel, amplitude);
	}
	added += channel->held;
	channel->out = added < FULL ? added : FULL;
}

/* 14.3.7: a request that was not served by the next trigger is an underrun. */
static void ask_dma(struct dac *dac, unsigned n)
{
	enum mcu_dma_line line = n ? MCU_DMA_DAC2 : MCU_DMA_DAC1;

	if (!(control(dac, n) & CR_DMAEN) || (dac->sr >> 16 * n & SR_DMAUDR))
		return;
	if (mcu_dma_requested(dac->mcu, line))
		dac->sr |= SR_DMAUDR << 16 * n;
	else
		mcu_dma_pulse(dac->mcu, line);
}

static void heard(void *ctx, unsigned timer, enum mcu_trigger trigger)
{
	static const uint8_t timers[SOFTWARE] = { 6, 8, 7, 5, 2, 4 };
	struct dac *dac = ctx;

	if (trigger != MCU_TRGO || !mcu_periph_clocked(dac->mcu, dac->row))
		return;
	for (unsigned n = 0; n < CHANNELS; n++) {
		uint32_t cr = control(dac, n), source = cr >> 3 & 7;

		if (!(cr & CR_EN) || !(cr & CR_TEN) || source == SOFTWARE ||
		    timers[source] != timer)
			continue;
		convert(dac, n);
		ask_dma(dac, n);
	}
	show(dac);
}

static void trigger_by_hand(struct dac *dac, uint32_t value)
{
	for (unsigned n = 0; n < CHANNELS; n++)
		if ((value >> n & 1) && (control(dac, n) & CR_TEN) &&
		    (control(dac, n) >> 3 & 7) == SOFTWARE)
			convert(dac, n);
}

int dac_output(const struct mcu *mcu, unsigned pin)
{
	const struct dac *dac = mcu_periph(mcu, "DAC");
	unsigned n = pin - PIN('A', 4);

	if (n >= CHANNELS || !(control(dac, n) & CR_EN))
		return -1;
	return (int)dac->channels[n].out;
}

/* -- registers ----------------------------------------------------------------------------- */

static void hold(struct dac *dac, unsigned n, uint32_t value)
{
	dac->channels[n].held = value & FULL;
	if (!(control(dac, n) & CR_TEN))
		dac->channels[n].out = value & FULL;
}

static void write_held(struct dac *dac, uint32_t offset, uint32_t value)
{
	/* how far to the left each format stands of the 12 bits; the third is 8 bits */
	static const uint8_t left[] = { 0, 4, 0 };
	unsigned format = (offset - DHR12R1) / 4 % 3;
	bool both = offset >= DHR12RD;
	unsigned n = (offset - DHR12R1) / 12, second = format == 2 ? 8 : 16;
	uint32_t high = value >> second;

	value >>= left[format];
	high >>= left[format];
	if (format == 2) {
		value = (value & 0xFF) << 4;
		high = (high & 0xFF) << 4;
	}
	hold(dac, both ? 0 : n, value);
	if (both)
		hold(dac, 1, high);
}

static uint32_t read_held(const struct dac *dac, uint32_t offset)
{
	unsigned format = (offset - DHR12R1) / 4 % 3, second = format == 2 ? 8 : 16;
	uint32_t values[CHANNELS];

	for (unsigned n = 0; n < CHANNELS; n++) {
		uint32_t held = dac->channels[n].held;

		values[n] = format == 0 ? held : format == 1 ? held << 4 : held >> 4;
	}
	if (offset >= DHR12RD)
		return values[0] | values[1] << second;
	return values[(offset - DHR12R1) / 12];
}

static uint32_t dac_read(void *self, uint32_t offset)
{
	const struct dac *dac = self;

	if (offset == CR)
		return dac->cr;
	if (offset >= DHR12R1 && offset <= DHR8RD)
		return read_held(dac, offset);
	if (offset == DOR1 || offset == DOR2)
		return dac->channels[offset == DOR2].out;
	return offset == SR ? dac->sr : 0;
}

static void dac_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct dac *dac = self;

	(void)mask; /* on APB: always whole */
	if (offset == CR)
		dac->cr = value & CR_WRITABLE;
	else if (offset == SWTRIGR)
		trigger_by_hand(dac, value);
	else if (offset >= DHR12R1 && offset <= DHR8RD)
		write_held(dac, offset, value);
	else if (offset == SR)
		dac->sr &= ~(value & (SR_DMAUDR | SR_DMAUDR << 16));
	for (unsigned n = 0; n < CHANNELS; n++)
		if (!(control(dac, n) & CR_DMAEN))
			mcu_dma_served(dac->mcu, n ? MCU_DMA_DAC2 : MCU_DMA_DAC1);
	show(dac);
}

static void dac_reset(void *self)
{
	struct dac *dac = self;

	dac->cr = dac->sr = 0;
	for (unsigned n = 0; n < CHANNELS; n++) {
		dac->channels[n] = (struct channel){ .noise = NOISE_SEED };
		mcu_dma_served(dac->mcu, n ? MCU_DMA_DAC2 : MCU_DMA_DAC1);
	}
	show(dac);
}

static bool dac_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct dac *dac = self;

	dac->mcu = mcu;
	dac->row = row;
	dac->line.irq = (uint8_t)row->irqs[0];
	mcu_watch_triggers(mcu, heard, dac);
	return true;
}

const struct periph_class dac_class = {
	.size = sizeof(struct dac),
	.open = dac_open,
	.reset = dac_reset,
	.read = dac_read,
	.write = dac_write,
	.regs = regs,
};
