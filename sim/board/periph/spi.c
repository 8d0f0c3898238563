/*
 * SPI1 to 3 as masters: RM0090 section 28. A frame takes its time on the wire and goes to
 * the parts there. As a slave nothing clocks it. SPI2 and 3 as masters of an I2S take
 * their words at the pace of the audio clock, and hear silence.
 */
#include "spi.h"

#include <assert.h>

#include "pins.h"
#include "table.h"

enum {
	CR1 = 0x00,
	CR2 = 0x04,
	SR = 0x08,
	DR = 0x0C,
	CRCPR = 0x10,
	RXCRCR = 0x14,
	TXCRCR = 0x18,
	I2SCFGR = 0x1C,
	I2SPR = 0x20,
	REGISTERS = 9,
};

#define CR1_MSTR     (1u << 2)
#define CR1_SPE      (1u << 6)
#define CR1_LSBFIRST (1u << 7)
#define CR1_SSI      (1u << 8)
#define CR1_SSM      (1u << 9)
#define CR1_RXONLY   (1u << 10)
#define CR1_DFF      (1u << 11)
#define CR1_CRCNEXT  (1u << 12)
#define CR1_CRCEN    (1u << 13)
#define CR1_BIDIOE   (1u << 14)
#define CR1_BIDIMODE (1u << 15)
#define CR2_RXDMAEN  (1u << 0)
#define CR2_TXDMAEN  (1u << 1)
#define CR2_SSOE     (1u << 2)
#define CR2_ERRIE    (1u << 5)
#define SR_RXNE      (1u << 0)
#define SR_TXE       (1u << 1)
#define SR_CHSIDE    (1u << 2)
#define SR_CRCERR    (1u << 4)
#define SR_MODF      (1u << 5)
#define SR_OVR       (1u << 6)
#define SR_BSY       (1u << 7)

#define I2SCFGR_CHLEN  (1u << 0)
#define I2SCFGR_DATLEN (3u << 1)
#define I2SCFGR_RX     (1u << 8) /* of I2SCFG, whose upper bit says master */
#define I2SCFGR_MASTER (1u << 9)
#define I2SCFGR_I2SE   (1u << 10)
#define I2SCFGR_I2SMOD (1u << 11)
#define I2SPR_ODD      (1u << 8)
#define I2SPR_MCKOE    (1u << 9)

#define PARTS_MAX 4
#define SPIS      3

struct spi {
	struct mcu *mcu;
	const struct periph_row *row;
	const struct spi_wiring *wiring;
	uint32_t regs[REGISTERS];
	struct mcu_line line;
	uint16_t tx, rx, shift;
	bool data_read; /* DR was read: reading SR next clears OVR */
	bool crc_follows;
	bool second_half; /* I2S: of a word of 24 or 32 bits */
	struct sched_event frame;
	const struct spi_part *parts[PARTS_MAX];
};

/* The data sheet's table 9: where SCK may come out; and RM0090 tables 42 and 43 */
static const struct spi_wiring {
	uint8_t af;
	uint8_t sck[3]; /* PINS: no more */
	uint8_t tx_dma, rx_dma;
} wirings[SPIS + 1] = {
	[1] = { 5, { PIN('A', 5), PIN('B', 3), PINS }, MCU_DMA_SPI1_TX, MCU_DMA_SPI1_RX },
	[2] = { 5,
		{ PIN('B', 10), PIN('B', 13), PIN('I', 1) },
		MCU_DMA_SPI2_TX,
		MCU_DMA_SPI2_RX },
	[3] = { 6,
		{ PIN('B', 3), PIN('C', 10), PINS },
		MCU_DMA_SPI3_TX,
		MCU_DMA_SPI3_RX },
};

static const struct periph_reg regs[] = {
	{ CR1, 0, "CR1" },       { CR2, 0, "CR2" },         { SR, 2, "SR" },
	{ DR, 0, "DR" },         { CRCPR, 7, "CRCPR" },     { RXCRCR, 0, "RXCRCR" },
	{ TXCRCR, 0, "TXCRCR" }, { I2SCFGR, 0, "I2SCFGR" }, { I2SPR, 2, "I2SPR" },
	{ 0, 0, NULL },
};

static uint32_t *reg(struct spi *spi, uint32_t offset)
{
	return &spi->regs[offset / 4];
}

static bool on(struct spi *spi)
{
	return (*reg(spi, CR1) & (CR1_SPE | CR1_MSTR)) == (CR1_SPE | CR1_MSTR);
}

/* It is an I2S; SPI1 has none. */
static bool audio(struct spi *spi)
{
	return *reg(spi, I2SCFGR) & I2SCFGR_I2SMOD && spi->row->number != 1;
}

static void show(struct spi *spi)
{
	uint32_t sr = *reg(spi, SR), cr2 = *reg(spi, CR2);
	/* RXNE and TXE are enabled six bits above their flags */
	bool wanted = (sr & cr2 >> 6 & (SR_RXNE | SR_TXE)) ||
		      ((cr2 & CR2_ERRIE) && (sr & (SR_CRCERR | SR_MODF | SR_OVR)));
	bool enabled =
		audio(spi) ? *reg(spi, I2SCFGR) & I2SCFGR_I2SE : *reg(spi, CR1) & CR1_SPE;

	mcu_line_set(spi->mcu, &spi->line, wanted);
	mcu_dma_request(spi->mcu, spi->wiring->rx_dma,
			enabled && (sr & SR_RXNE) && (cr2 & CR2_RXDMAEN));
	mcu_dma_request(spi->mcu, spi->wiring->tx_dma,
			enabled && (sr & SR_TXE) && (cr2 & CR2_TXDMAEN));
}

/* -- the wire ------------------------------------------------------------------------------ */

static unsigned frame_bits(struct spi *spi)
{
	return *reg(spi, CR1) & CR1_DFF ? 16 : 8;
}

static int64_t frame_cycles(struct spi *spi)
{
	uint32_t pclk =
		mcu_hz(spi->mcu, spi->row->bus == PERIPH_APB1 ? MCU_PCLK1 : MCU_PCLK2);
	int64_t clocks = (int64_t)frame_bits(spi) << ((*reg(spi, CR1) >> 3 & 7) + 1);

	return pclk ? clocks * mcu_hz(spi->mcu, MCU_HCLK) / pclk : clocks;
}

static bool routed(const struct spi *spi)
{
	for (unsigned i = 0; i < 3 && spi->wiring->sck[i] < PINS; i++)
		if (pins_routed(spi->mcu, spi->wiring->sck[i], spi->wiring->af))
			return true;
	return false;
}

/* A line that nobody drives is taken as pulled up. */
static uint8_t exchange_byte(struct spi *spi, uint8_t out)
{
	uint8_t in = 0xFF;

	if (!routed(spi))
		return in;
	for (unsigned i = 0; i < PARTS_MAX && spi->parts[i]; i++) {
		int answer = spi->parts[i]->exchange(spi->parts[i]->ctx, out);

		if (answer != SPI_SILENT)
			in = (uint8_t)answer;
	}
	return in;
}

static uint16_t reversed(uint16_t frame, unsigned bits)
{
	uint16_t out = 0;

	for (unsigned i = 0; i < bits; i++)
		out |= (uint16_t)((frame >> i & 1) << (bits - 1 - i));
	return out;
}

static uint16_t exchange(struct spi *spi, uint16_t frame)
{
	unsigned bits = frame_bits(spi);
	bool lsb_first = *reg(spi, CR1) & CR1_LSBFIRST;
	uint16_t out = lsb_first ? reversed(frame, bits) : frame;
	uint16_t in = 0;

	if (bits == 16)
		in = (uint16_t)(exchange_byte(spi, (uint8_t)(out >> 8)) << 8);
	in |= exchange_byte(spi, (uint8_t)out);
	return lsb_first ? reversed(in, bits) : in;
}

static uint16_t crc(struct spi *spi, uint32_t value, uint16_t frame)
{
	unsigned bits = frame_bits(spi);
	uint32_t top = 1u << (bits - 1), all = (top << 1) - 1;

	value ^= frame;
	for (unsigned i = 0; i < bits; i++)
		value = (value << 1 ^ (value & top ? *reg(spi, CRCPR) : 0)) & all;
	return (uint16_t)value;
}

static bool sends(struct spi *spi)
{
	uint32_t cr1 = *reg(spi, CR1);

	return cr1 & CR1_BIDIMODE ? cr1 & CR1_BIDIOE : !(cr1 & CR1_RXONLY);
}

static bool receives(struct spi *spi)
{
	uint32_t cr1 = *reg(spi, CR1);

	return !(cr1 & CR1_BIDIMODE) || !(cr1 & CR1_BIDIOE);
}

static void shift_out(struct spi *spi, uint16_t frame)
{
	struct sched *sched = mcu_sched(spi->mcu);

	spi->shift = frame;
	*reg(spi, SR) |= SR_BSY;
	sched_at_cycle(sched, &spi->frame, sched->cycle + frame_cycles(spi));
}

/* -- audio --------------------------------------------------------------------------------- */

/* 28.4.4: a half-word, of which words of 24 and 32 bits have two; 0: no clock */
static int64_t word_cycles(struct spi *spi)
{
	uint32_t cfg = *reg(spi, I2SCFGR), pr = *reg(spi, I2SPR);
	uint32_t clock = mcu_hz(spi->mcu, MCU_I2SCLK);
	bool narrow = !(cfg & I2SCFGR_DATLEN);
	bool wide_channel = !narrow || cfg & I2SCFGR_CHLEN;
	int64_t bits = narrow && wide_channel ? 32 : 16;
	int64_t clocks = bits * ((pr & 0xFF) * 2 + (pr & I2SPR_ODD ? 1 : 0));

	if (pr & I2SPR_MCKOE)
		clocks *= wide_channel ? 4 : 8;
	return clock ? clocks * mcu_hz(spi->mcu, MCU_HCLK) / clock : 0;
}

static void next_word(struct spi *spi)
{
	uint32_t cfg = *reg(spi, I2SCFGR), *sr = reg(spi, SR);
	struct sched *sched = mcu_sched(spi->mcu);
	int64_t cycles = word_cycles(spi);

	*sr &= ~SR_BSY;
	if (!(cfg & I2SCFGR_I2SE) || !(cfg & I2SCFGR_MASTER) || !cycles)
		return;
	if (!(cfg & I2SCFGR_RX)) {
		if (*sr & SR_TXE)
			return; /* it waits for a word */
		*sr |= SR_TXE;
	}
	*sr |= SR_BSY;
	sched_at_cycle(sched, &spi->frame, sched->cycle + cycles);
}

/* CHSIDE is that of the next word to be written, or of the one that came. */
static void word_done(struct spi *spi)
{
	uint32_t cfg = *reg(spi, I2SCFGR), *sr = reg(spi, SR);

	if (cfg & I2SCFGR_RX) {
		*sr |= *sr & SR_RXNE ? SR_OVR : SR_RXNE;
		spi->rx = 0;
	}
	spi->second_half = cfg & I2SCFGR_DATLEN && !spi->second_half;
	if (!spi->second_half)
		*sr ^= SR_CHSIDE;
	next_word(spi);
}

/* -- frames -------------------------------------------------------------------------------- */

/* The next frame, if there is one: data, the CRC behind it, or another to be received. */
static void next_frame(struct spi *spi)
{
	if (audio(spi)) {
		next_word(spi);
		return;
	}
	*reg(spi, SR) &= ~SR_BSY;
	if (!on(spi))
		return;
	if (!sends(spi)) {
		shift_out(spi, 0xFFFF);
	} else if (!(*reg(spi, SR) & SR_TXE)) {
		*reg(spi, SR) |= SR_TXE;
		if (*reg(spi, CR1) & CR1_CRCEN)
			*reg(spi, TXCRCR) = crc(spi, *reg(spi, TXCRCR), spi->tx);
		shift_out(spi, spi->tx);
	} else if (*reg(spi, CR1) & CR1_CRCNEXT) {
		*reg(spi, CR1) &= ~CR1_CRCNEXT;
		spi->crc_follows = true;
		shift_out(spi, (uint16_t)*reg(spi, TXCRCR));
	}
}

static void take_in(struct spi *spi, uint16_t frame)
{
	if (spi->crc_follows && frame != *reg(spi, RXCRCR))
		*reg(spi, SR) |= SR_CRCERR;
	else if (!spi->crc_follows && (*reg(spi, CR1) & CR1_CRCEN))
		*reg(spi, RXCRCR) = crc(spi, *reg(spi, RXCRCR), frame);
	spi->crc_follows = false;
	if (*reg(spi, SR) & SR_RXNE) {
		*reg(spi, SR) |= SR_OVR; /* 28.3.10: the older one stays */
		return;
	}
	spi->rx = frame;
	*reg(spi, SR) |= SR_RXNE;
}

static void frame_done(void *ctx)
{
	struct spi *spi = ctx;
	uint16_t in;

	if (audio(spi)) {
		word_done(spi);
	} else {
		in = exchange(spi, spi->shift);
		if (receives(spi))
			take_in(spi, in);
		next_frame(spi);
	}
	show(spi);
}

/* -- registers --------------------------------------------------------------------------------- */

static bool spi_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct spi *spi = self;

	spi->mcu = mcu;
	spi->row = row;
	spi->wiring = &wirings[row->number];
	spi->line.irq = (uint8_t)row->irqs[0];
	spi->frame = (struct sched_event){ .fire = frame_done, .ctx = spi };
	return true;
}

static void spi_reset(void *self)
{
	struct spi *spi = self;

	for (const struct periph_reg *row = regs; row->name; row++)
		*reg(spi, row->offset) = row->reset;
	spi->tx = spi->rx = 0;
	spi->data_read = spi->crc_follows = spi->second_half = false;
	sched_cancel(mcu_sched(spi->mcu), &spi->frame);
	show(spi);
}

static uint32_t spi_peek(void *self, uint32_t offset)
{
	struct spi *spi = self;

	if (offset == DR)
		return spi->rx;
	return offset <= I2SPR ? *reg(spi, offset) : 0;
}

static uint32_t spi_read(void *self, uint32_t offset)
{
	struct spi *spi = self;
	uint32_t value = spi_peek(spi, offset);

	if (offset == DR) {
		*reg(spi, SR) &= ~SR_RXNE;
		spi->data_read = true;
	} else if (offset == SR) {
		if (spi->data_read)
			*reg(spi, SR) &= ~SR_OVR;
		spi->data_read = false;
	}
	show(spi);
	return value;
}

static void write_cr1(struct spi *spi, uint32_t value)
{
	uint32_t was = *reg(spi, CR1);
	bool selected = value & CR1_SSM ? value & CR1_SSI : *reg(spi, CR2) & CR2_SSOE;

	*reg(spi, CR1) = value & 0xFFFF;
	if ((value & CR1_CRCEN) && !(was & CR1_CRCEN))
		*reg(spi, RXCRCR) = *reg(spi, TXCRCR) = 0;
	/* 28.3.10: a master whose NSS is low has been beaten to it by another */
	if ((value & CR1_MSTR) && (value & CR1_SSM) && !selected) {
		*reg(spi, CR1) &= ~(CR1_MSTR | CR1_SPE);
		*reg(spi, SR) |= SR_MODF;
	} else {
		*reg(spi, SR) &= ~SR_MODF; /* and this write takes the fault back */
	}
	if (!sched_waits(&spi->frame))
		next_frame(spi);
}

static void write_data(struct spi *spi, uint32_t value)
{
	/* an I2S sends nothing that anybody here could hear */
	spi->tx = (uint16_t)(frame_bits(spi) == 16 ? value : value & 0xFF);
	*reg(spi, SR) &= ~SR_TXE;
	spi->data_read = false;
	if (!sched_waits(&spi->frame))
		next_frame(spi);
}

static void write_i2s(struct spi *spi, uint32_t offset, uint32_t value)
{
	*reg(spi, offset) = value & (offset == I2SCFGR ? 0xFBF : 0x3FF);
	if (!(*reg(spi, I2SCFGR) & I2SCFGR_I2SE)) {
		*reg(spi, SR) &= ~SR_CHSIDE;
		spi->second_half = false;
	}
	if (audio(spi) && !sched_waits(&spi->frame))
		next_word(spi);
}

static void spi_clocks(void *self)
{
	struct spi *spi = self;

	if (audio(spi) && !sched_waits(&spi->frame))
		next_word(spi);
	show(spi);
}

static void spi_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct spi *spi = self;

	(void)mask; /* on APB: always whole */
	if (offset == CR1)
		write_cr1(spi, value);
	else if (offset == DR)
		write_data(spi, value);
	else if (offset == SR)
		*reg(spi, SR) &= value | ~SR_CRCERR;
	else if (offset == CR2)
		*reg(spi, CR2) = value & 0xF7;
	else if (offset == I2SCFGR || offset == I2SPR)
		write_i2s(spi, offset, value);
	else if (offset == CRCPR)
		*reg(spi, offset) = value & 0xFFFF;
	show(spi);
}

void spi_attach(struct mcu *mcu, unsigned number, const struct spi_part *part)
{
	static const char *const names[] = { "", "SPI1", "SPI2", "SPI3" };
	struct spi *spi = mcu_periph(mcu, names[number]);
	unsigned i = 0;

	while (i < PARTS_MAX && spi->parts[i])
		i++;
	assert(i < PARTS_MAX);
	spi->parts[i] = part;
}

const struct periph_class spi_class = {
	.size = sizeof(struct spi),
	.open = spi_open,
	.reset = spi_reset,
	.read = spi_read,
	.peek = spi_peek,
	.write = spi_write,
	.clocks = spi_clocks,
	.regs = regs,
};
