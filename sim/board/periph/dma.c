/*
 * The DMA controllers: RM0090 section 10. One item moves every few cycles, the stream
 * with the highest priority first; what a real burst or FIFO threshold does to the order
 * of bus accesses is not modelled, what it does to the bytes is.
 */
#include "table.h"

#define STREAMS     8
#define CHANNELS    8
#define ITEM_CYCLES 4 /* about what an AHB read and a write take */
#define NOBODY      MCU_DMA_COUNT
#define FIFO_BYTES  16
#define DMA2        2
#define APB1_BASE   0x40000000u
#define APB1_BYTES  0x8000u

enum {
	LISR = 0x00,
	HISR = 0x04,
	LIFCR = 0x08,
	HIFCR = 0x0C,
	STREAM0 = 0x10,
	STREAM_BYTES = 0x18
};
enum { CR = 0x00, NDTR = 0x04, PAR = 0x08, M0AR = 0x0C, M1AR = 0x10, FCR = 0x14 };

#define CR_EN     (1u << 0)
#define CR_DMEIE  (1u << 1)
#define CR_TEIE   (1u << 2)
#define CR_HTIE   (1u << 3)
#define CR_TCIE   (1u << 4)
#define CR_CIRC   (1u << 8)
#define CR_PINC   (1u << 9)
#define CR_MINC   (1u << 10)
#define CR_PINCOS (1u << 15)
#define CR_DBM    (1u << 18)
#define CR_CT     (1u << 19)
#define CR_BITS   0x0FEFFFFFu
#define FCR_DMDIS (1u << 2)
#define FCR_FEIE  (1u << 7)
#define FCR_RESET 0x21u
#define FCR_EMPTY (4u << 3) /* FS */

#define FEIF  (1u << 0)
#define DMEIF (1u << 2)
#define TEIF  (1u << 3)
#define HTIF  (1u << 4)
#define TCIF  (1u << 5)
#define FLAGS (FEIF | DMEIF | TEIF | HTIF | TCIF)

enum direction { TO_MEMORY, TO_PERIPHERAL, MEMORY_TO_MEMORY };

struct stream {
	uint32_t cr, ndtr, par, m0ar, m1ar, fcr;
	uint32_t flags;
	uint32_t items;              /* of NDTR when it was enabled */
	uint32_t peripheral, memory; /* where it is */
	uint8_t fifo[FIFO_BYTES];
	unsigned fifo_len;
	struct mcu_line line;
};

struct dma {
	struct mcu *mcu;
	const struct periph_row *row;
	struct stream streams[STREAMS];
	struct sched_event event;
};

static const uint8_t irqs[2][STREAMS] = {
	{ 11, 12, 13, 14, 15, 16, 17, 47 },
	{ 56, 57, 58, 59, 60, 68, 69, 70 },
};

/* Tables 42 and 43: who asks for a stream by a channel; two may share one. */
#define O                                                                                \
	{                                                                                \
		NOBODY, NOBODY, NOBODY                                                   \
	}
#define A(a)                                                                             \
	{                                                                                \
		MCU_DMA_##a, NOBODY, NOBODY                                              \
	}
#define B(a, b)                                                                          \
	{                                                                                \
		MCU_DMA_##a, MCU_DMA_##b, NOBODY                                         \
	}
#define C(a, b, c)                                                                       \
	{                                                                                \
		MCU_DMA_##a, MCU_DMA_##b, MCU_DMA_##c                                    \
	}
/* clang-format off */
static const uint8_t requests[2][CHANNELS][STREAMS][3] = {
	{
		{ A(SPI3_RX), O, A(SPI3_RX), A(SPI2_RX), A(SPI2_TX), A(SPI3_TX), O, A(SPI3_TX) },
		{ A(I2C1_RX), O, A(TIM7_UP), O, A(TIM7_UP), A(I2C1_RX), A(I2C1_TX), A(I2C1_TX) },
		{ A(TIM4_CH1), O, A(I2S3_EXT_RX), A(TIM4_CH2), A(I2S2_EXT_TX), A(I2S3_EXT_TX),
		  A(TIM4_UP), A(TIM4_CH3) },
		{ A(I2S3_EXT_RX), B(TIM2_UP, TIM2_CH3), A(I2C3_RX), A(I2S2_EXT_RX), A(I2C3_TX),
		  A(TIM2_CH1), B(TIM2_CH2, TIM2_CH4), B(TIM2_UP, TIM2_CH4) },
		{ A(UART5_RX), A(USART3_RX), A(UART4_RX), A(USART3_TX), A(UART4_TX),
		  A(USART2_RX), A(USART2_TX), A(UART5_TX) },
		{ O, O, B(TIM3_CH4, TIM3_UP), O, B(TIM3_CH1, TIM3_TRIG), A(TIM3_CH2), O,
		  A(TIM3_CH3) },
		{ B(TIM5_CH3, TIM5_UP), B(TIM5_CH4, TIM5_TRIG), A(TIM5_CH1),
		  B(TIM5_CH4, TIM5_TRIG), A(TIM5_CH2), O, A(TIM5_UP), O },
		{ O, A(TIM6_UP), A(I2C2_RX), A(I2C2_RX), A(USART3_TX), A(DAC1), A(DAC2),
		  A(I2C2_TX) },
	},
	{
		{ A(ADC1), O, C(TIM8_CH1, TIM8_CH2, TIM8_CH3), O, A(ADC1), O,
		  C(TIM1_CH1, TIM1_CH2, TIM1_CH3), O },
		{ O, A(DCMI), A(ADC2), A(ADC2), O, O, O, A(DCMI) },
		{ A(ADC3), A(ADC3), O, O, O, O, O, O },
		{ A(SPI1_RX), O, A(SPI1_RX), A(SPI1_TX), O, A(SPI1_TX), O, O },
		{ O, O, A(USART1_RX), A(SDIO), O, A(USART1_RX), A(SDIO), A(USART1_TX) },
		{ O, A(USART6_RX), A(USART6_RX), O, O, O, A(USART6_TX), A(USART6_TX) },
		{ A(TIM1_TRIG), A(TIM1_CH1), A(TIM1_CH2), A(TIM1_CH1),
		  C(TIM1_CH4, TIM1_TRIG, TIM1_COM), A(TIM1_UP), A(TIM1_CH3), O },
		{ O, A(TIM8_UP), A(TIM8_CH1), A(TIM8_CH2), A(TIM8_CH3), O, O,
		  C(TIM8_CH4, TIM8_TRIG, TIM8_COM) },
	},
};

static const struct periph_reg regs[] = {
	{ LISR, 0, "LISR" }, { HISR, 0, "HISR" }, { LIFCR, 0, "LIFCR" }, { HIFCR, 0, "HIFCR" },
#define STREAM_REGS(n, at) \
	{ (at) + CR, 0, "S" n "CR" }, { (at) + NDTR, 0, "S" n "NDTR" }, \
	{ (at) + PAR, 0, "S" n "PAR" }, { (at) + M0AR, 0, "S" n "M0AR" }, \
	{ (at) + M1AR, 0, "S" n "M1AR" }, { (at) + FCR, FCR_RESET, "S" n "FCR" }
	STREAM_REGS("0", 0x10), STREAM_REGS("1", 0x28), STREAM_REGS("2", 0x40),
	STREAM_REGS("3", 0x58), STREAM_REGS("4", 0x70), STREAM_REGS("5", 0x88),
	STREAM_REGS("6", 0xA0), STREAM_REGS("7", 0xB8),
	{ 0, 0, NULL },
};
/* clang-format on */

/* -- flags -------------------------------------------------------------------------------- */

static void show(struct dma *dma, struct stream *stream)
{
	uint32_t enabled =
		(stream->cr & CR_DMEIE ? DMEIF : 0) | (stream->cr & CR_TEIE ? TEIF : 0) |
		(stream->cr & CR_HTIE ? HTIF : 0) | (stream->cr & CR_TCIE ? TCIF : 0) |
		(stream->fcr & FCR_FEIE ? FEIF : 0);

	mcu_line_set(dma->mcu, &stream->line, stream->flags & enabled);
}

static void flag(struct dma *dma, struct stream *stream, uint32_t flags)
{
	stream->flags |= flags;
	show(dma, stream);
}

/* Where a stream's flags are in LISR or HISR */
static unsigned flag_shift(unsigned n)
{
	static const uint8_t shifts[] = { 0, 6, 16, 22 };

	return shifts[n % 4];
}

/* -- one item -------------------------------------------------------------------------------- */

static enum direction direction(const struct stream *stream)
{
	return stream->cr >> 6 & 3;
}

/* PSIZE and MSIZE; 3 is reserved, and taken to be a word. */
static unsigned width(uint32_t size)
{
	return (size & 3) == 3 ? 4 : 1u << (size & 3);
}

static unsigned peripheral_bytes(const struct stream *stream)
{
	return width(stream->cr >> 11);
}

/* 10.3.13: without the FIFO the memory's width is that of the peripheral. */
static unsigned memory_bytes(const struct stream *stream)
{
	return stream->fcr & FCR_DMDIS ? width(stream->cr >> 13)
				       : peripheral_bytes(stream);
}

/*
 * The core coupled memory is on no bus of the DMA's (2.3.1, table 1); and the peripheral
 * port of DMA1 is on APB1, not on the bus matrix (10.3.1, figure 33).
 */
static bool reaches(const struct dma *dma, uint32_t address, bool peripheral)
{
	if (peripheral && dma->row->number != DMA2)
		return address - APB1_BASE < APB1_BYTES;
	return address - MCU_CCM_BASE >= MCU_CCM_BYTES;
}

static bool load(struct dma *dma, struct stream *stream, uint32_t address, unsigned bytes,
		 bool peripheral)
{
	uint32_t value;

	if (!reaches(dma, address, peripheral) ||
	    !mcu_read(dma->mcu, address & ~(bytes - 1), bytes, &value))
		return false;
	for (unsigned i = 0; i < bytes; i++)
		stream->fifo[stream->fifo_len++] = (uint8_t)(value >> 8 * i);
	return true;
}

static bool store(struct dma *dma, struct stream *stream, uint32_t address,
		  unsigned bytes, bool peripheral)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint32_t)stream->fifo[i] << 8 * i;
	stream->fifo_len -= bytes;
	for (unsigned i = 0; i < stream->fifo_len; i++)
		stream->fifo[i] = stream->fifo[i + bytes];
	return reaches(dma, address, peripheral) &&
	       mcu_write(dma->mcu, address & ~(bytes - 1), bytes, value);
}

static void next_peripheral(struct stream *stream)
{
	if (stream->cr & CR_PINC)
		stream->peripheral +=
			stream->cr & CR_PINCOS ? 4 : peripheral_bytes(stream);
}

static void next_memory(struct stream *stream)
{
	if (stream->cr & CR_MINC)
		stream->memory += memory_bytes(stream);
}

static bool to_memory(struct dma *dma, struct stream *stream)
{
	unsigned bytes = memory_bytes(stream);
	bool last = stream->ndtr == 1;

	if (!load(dma, stream, stream->peripheral, peripheral_bytes(stream), true))
		return false;
	next_peripheral(stream);
	while (stream->fifo_len >= bytes || (last && stream->fifo_len > 0)) {
		if (bytes > stream->fifo_len)
			bytes = 1; /* 10.3.14: what is left is flushed */
		if (!store(dma, stream, stream->memory, bytes, false))
			return false;
		if (stream->cr & CR_MINC)
			stream->memory += bytes;
	}
	return true;
}

static bool to_peripheral(struct dma *dma, struct stream *stream)
{
	unsigned bytes = peripheral_bytes(stream);

	while (stream->fifo_len < bytes) {
		if (!load(dma, stream, stream->memory, memory_bytes(stream), false))
			return false;
		next_memory(stream);
	}
	if (!store(dma, stream, stream->peripheral, bytes, true))
		return false;
	next_peripheral(stream);
	return true;
}

/* -- the stream --------------------------------------------------------------------------------- */

static void rewind_stream(struct stream *stream)
{
	stream->ndtr = stream->items;
	stream->peripheral = stream->par;
	stream->memory = stream->cr & CR_CT ? stream->m1ar : stream->m0ar;
	stream->fifo_len = 0;
}

static void complete(struct dma *dma, struct stream *stream)
{
	if (stream->cr & CR_DBM)
		stream->cr ^= CR_CT;
	if (stream->cr & (CR_CIRC | CR_DBM))
		rewind_stream(stream);
	else
		stream->cr &= ~CR_EN;
	flag(dma, stream, TCIF);
}

static void move(struct dma *dma, struct stream *stream)
{
	bool done = direction(stream) == TO_PERIPHERAL ? to_peripheral(dma, stream)
						       : to_memory(dma, stream);

	if (!done) { /* 10.3.18: a bus error switches the stream off */
		stream->cr &= ~CR_EN;
		flag(dma, stream, TEIF);
		return;
	}
	stream->ndtr--;
	if (stream->ndtr == stream->items / 2 && stream->items > 1)
		flag(dma, stream, HTIF);
	if (stream->ndtr == 0)
		complete(dma, stream);
}

/* Who asks for the stream now; NOBODY: none does. */
static unsigned request(const struct dma *dma, unsigned n)
{
	const struct stream *stream = &dma->streams[n];
	const uint8_t *lines = requests[dma->row->number - 1][stream->cr >> 25 & 7][n];

	for (unsigned i = 0; i < 3; i++)
		if (lines[i] != NOBODY && mcu_dma_requested(dma->mcu, lines[i]))
			return lines[i];
	return NOBODY;
}

static bool wants(const struct dma *dma, unsigned n)
{
	const struct stream *stream = &dma->streams[n];

	return (stream->cr & CR_EN) && stream->ndtr > 0 &&
	       (direction(stream) == MEMORY_TO_MEMORY || request(dma, n) != NOBODY);
}

/* The software priority first, then the lower number (10.3.4). */
static int chosen(const struct dma *dma)
{
	int best = -1;

	for (unsigned n = 0; n < STREAMS; n++)
		if (wants(dma, n) &&
		    (best < 0 ||
		     (dma->streams[n].cr >> 16 & 3) > (dma->streams[best].cr >> 16 & 3)))
			best = (int)n;
	return best;
}

static void schedule(struct dma *dma)
{
	struct sched *sched = mcu_sched(dma->mcu);

	if (!sched_waits(&dma->event) && chosen(dma) >= 0 &&
	    mcu_periph_clocked(dma->mcu, dma->row))
		sched_at_cycle(sched, &dma->event, sched->cycle + ITEM_CYCLES);
}

static void due(void *ctx)
{
	struct dma *dma = ctx;
	int n = chosen(dma);
	unsigned line;

	if (n < 0)
		return;
	line = request(dma, (unsigned)n);
	move(dma, &dma->streams[n]);
	if (direction(&dma->streams[n]) != MEMORY_TO_MEMORY && line != NOBODY)
		mcu_dma_served(dma->mcu, (enum mcu_dma_line)line);
	schedule(dma);
}

static void request_changed(void *ctx, enum mcu_dma_line line, bool high)
{
	(void)line;
	if (high)
		schedule(ctx);
}

/* -- registers ------------------------------------------------------------------------------------ */

/* Table 48: bursts from memory that a FIFO threshold does not hold whole. */
static bool fifo_is_wrong(const struct stream *stream)
{
	static const uint8_t beats[] = { 1, 4, 8, 16 };
	unsigned burst = beats[stream->cr >> 23 & 3] << (stream->cr >> 13 & 3);
	unsigned threshold = ((stream->fcr & 3) + 1) * (FIFO_BYTES / 4);

	return (stream->fcr & FCR_DMDIS) && (stream->cr >> 23 & 3) &&
	       (burst > threshold || threshold % burst);
}

static void enable(struct dma *dma, struct stream *stream)
{
	if (fifo_is_wrong(stream)) {
		stream->cr &= ~CR_EN;
		flag(dma, stream, FEIF);
		return;
	}
	/* 10.3.1: only DMA2's peripheral port reaches memory; and never in a circle */
	if (direction(stream) == MEMORY_TO_MEMORY) {
		if (dma->row->number != DMA2) {
			stream->cr &= ~CR_EN;
			flag(dma, stream, TEIF);
			return;
		}
		stream->fcr |= FCR_DMDIS;
		stream->cr &= ~CR_CIRC;
	}
	stream->items = stream->ndtr;
	rewind_stream(stream);
}

static void write_cr(struct dma *dma, struct stream *stream, uint32_t value)
{
	uint32_t was = stream->cr;

	value &= CR_BITS;
	if (was & CR_EN) { /* 10.5.5: the interrupt enables and EN are free, no more */
		uint32_t free_bits = CR_EN | CR_DMEIE | CR_TEIE | CR_HTIE | CR_TCIE;

		stream->cr = (was & ~free_bits) | (value & free_bits);
		if (!(value & CR_EN))
			flag(dma, stream, TCIF); /* 10.3.9: stopped before its end */
	} else {
		stream->cr = value;
		if (value & CR_EN)
			enable(dma, stream);
	}
	show(dma, stream);
}

static void write_stream(struct dma *dma, struct stream *stream, uint32_t offset,
			 uint32_t value)
{
	bool on = stream->cr & CR_EN;
	bool other = (stream->cr & CR_DBM) && on;

	if (offset == CR)
		write_cr(dma, stream, value);
	else if (offset == FCR)
		stream->fcr = (value & 0x87) | FCR_EMPTY;
	else if (offset == NDTR && !on)
		stream->ndtr = value & 0xFFFF;
	else if (offset == PAR && !on)
		stream->par = value;
	else if (offset == M0AR && (!on || (other && (stream->cr & CR_CT))))
		stream->m0ar = value;
	else if (offset == M1AR && (!on || (other && !(stream->cr & CR_CT))))
		stream->m1ar = value;
	show(dma, stream);
}

static bool dma_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct dma *dma = self;

	dma->mcu = mcu;
	dma->row = row;
	dma->event = (struct sched_event){ .fire = due, .ctx = dma };
	for (unsigned n = 0; n < STREAMS; n++)
		dma->streams[n].line.irq = irqs[row->number - 1][n];
	mcu_watch_dma(mcu, request_changed, dma);
	return true;
}

static void dma_reset(void *self)
{
	struct dma *dma = self;

	for (unsigned n = 0; n < STREAMS; n++) {
		struct stream *stream = &dma->streams[n];
		struct mcu_line line = stream->line;

		*stream = (struct stream){ .fcr = FCR_RESET, .line = line };
		show(dma, stream);
	}
	sched_cancel(mcu_sched(dma->mcu), &dma->event);
}

static uint32_t read_flags(const struct dma *dma, unsigned first)
{
	uint32_t value = 0;

	for (unsigned n = first; n < first + 4; n++)
		value |= dma->streams[n].flags << flag_shift(n);
	return value;
}

static uint32_t dma_read(void *self, uint32_t offset)
{
	const struct dma *dma = self;
	const struct stream *stream;

	if (offset <= HISR)
		return read_flags(dma, offset == HISR ? 4 : 0);
	if (offset < STREAM0 || offset >= STREAM0 + STREAMS * STREAM_BYTES)
		return 0;
	stream = &dma->streams[(offset - STREAM0) / STREAM_BYTES];
	switch ((offset - STREAM0) % STREAM_BYTES) {
	case CR:
		return stream->cr;
	case NDTR:
		return stream->ndtr;
	case PAR:
		return stream->par;
	case M0AR:
		return stream->m0ar;
	case M1AR:
		return stream->m1ar;
	default:
		return stream->fcr;
	}
}

static void clear_flags(struct dma *dma, unsigned first, uint32_t value)
{
	for (unsigned n = first; n < first + 4; n++) {
		dma->streams[n].flags &= ~(value >> flag_shift(n) & FLAGS);
		show(dma, &dma->streams[n]);
	}
}

/* 10.5: "registers have to be accessed by words"; a narrow access is taken as one here. */
static void dma_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct dma *dma = self;

	(void)mask;
	if (offset == LIFCR || offset == HIFCR)
		clear_flags(dma, offset == HIFCR ? 4 : 0, value);
	else if (offset >= STREAM0 && offset < STREAM0 + STREAMS * STREAM_BYTES)
		write_stream(dma, &dma->streams[(offset - STREAM0) / STREAM_BYTES],
			     (offset - STREAM0) % STREAM_BYTES, value);
	schedule(dma);
}

static void dma_clocks(void *self)
{
	schedule(self);
}

const struct periph_class dma_class = {
	.size = sizeof(struct dma),
	.open = dma_open,
	.reset = dma_reset,
	.read = dma_read,
	.write = dma_write,
	.clocks = dma_clocks,
	.regs = regs,
};
