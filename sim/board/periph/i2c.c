/*
 * I2C1 to 3 as masters: RM0090 section 27.3.3. Nobody else masters the bus, so the slave
 * side, SMBus' alerts and lost arbitration are registers and no more.
 */
#include "i2c.h"

#include <assert.h>

#include "pins.h"
#include "table.h"

enum {
	CR1 = 0x00,
	CR2 = 0x04,
	OAR1 = 0x08,
	OAR2 = 0x0C,
	DR = 0x10,
	SR1 = 0x14,
	SR2 = 0x18,
	CCR = 0x1C,
	TRISE = 0x20,
	REGISTERS = 9,
};

#define CR1_PE      (1u << 0)
#define CR1_START   (1u << 8)
#define CR1_STOP    (1u << 9)
#define CR1_ACK     (1u << 10)
#define CR1_POS     (1u << 11)
#define CR1_SWRST   (1u << 15)
#define CR1_BITS    0xBFFBu
#define CR2_ITERREN (1u << 8)
#define CR2_ITEVTEN (1u << 9)
#define CR2_ITBUFEN (1u << 10)
#define CR2_DMAEN   (1u << 11)
#define SR1_SB      (1u << 0)
#define SR1_ADDR    (1u << 1)
#define SR1_BTF     (1u << 2)
#define SR1_RXNE    (1u << 6)
#define SR1_TXE     (1u << 7)
#define SR1_AF      (1u << 10)
#define SR1_ERRORS  0xDF00u /* cleared by writing 0 */
#define SR1_EVENTS  0x001Fu
#define SR2_MSL     (1u << 0)
#define SR2_BUSY    (1u << 1)
#define SR2_TRA     (1u << 2)
#define CCR_DUTY    (1u << 14)
#define CCR_FS      (1u << 15)

#define I2CS      3
#define PARTS_MAX 4

enum phase {
	PHASE_IDLE,
	PHASE_START,   /* the condition is on its way */
	PHASE_STARTED, /* SB: the address is awaited */
	PHASE_ADDRESS, /* is on its way */
	PHASE_HELD,    /* ADDR is set, or there was no acknowledge: software is awaited */
	PHASE_SEND,    /* DR is awaited, or a byte is on its way */
	PHASE_RECEIVE,
	PHASE_ENDED, /* the last byte was not acknowledged: stop or start are awaited */
	PHASE_STOP,
};

struct i2c {
	struct mcu *mcu;
	const struct periph_row *row;
	const struct i2c_wiring *wiring;
	uint32_t regs[REGISTERS];
	struct mcu_line event, error;
	struct sched_event next; /* what is on its way is there */
	enum phase phase;
	bool status_read; /* SR1 was */
	uint8_t shift;
	bool shifting;
	bool full; /* receiving: the shift register holds a byte that DR has no room for */
	unsigned received;
	const struct i2c_part *part; /* that acknowledged its address */
	const struct i2c_part *parts[PARTS_MAX];
};

/* The data sheet's table 9, AF4; and RM0090 table 42 */
static const struct i2c_wiring {
	uint8_t scl[3], sda[3]; /* PINS: no more */
	uint8_t tx_dma, rx_dma;
} wirings[I2CS + 1] = {
	[1] = { { PIN('B', 6), PIN('B', 8), PINS },
		{ PIN('B', 7), PIN('B', 9), PINS },
		MCU_DMA_I2C1_TX,
		MCU_DMA_I2C1_RX },
	[2] = { { PIN('B', 10), PIN('F', 1), PIN('H', 4) },
		{ PIN('B', 11), PIN('F', 0), PIN('H', 5) },
		MCU_DMA_I2C2_TX,
		MCU_DMA_I2C2_RX },
	[3] = { { PIN('A', 8), PIN('H', 7), PINS },
		{ PIN('C', 9), PIN('H', 8), PINS },
		MCU_DMA_I2C3_TX,
		MCU_DMA_I2C3_RX },
};
#define WIRING_AF 4

static const struct periph_reg regs[] = {
	{ CR1, 0, "CR1" },   { CR2, 0, "CR2" }, { OAR1, 0, "OAR1" },
	{ OAR2, 0, "OAR2" }, { DR, 0, "DR" },   { SR1, 0, "SR1" },
	{ SR2, 0, "SR2" },   { CCR, 0, "CCR" }, { TRISE, 2, "TRISE" },
	{ 0, 0, NULL },
};

static uint32_t *reg(struct i2c *i2c, uint32_t offset)
{
	return &i2c->regs[offset / 4];
}

static void show(struct i2c *i2c)
{
	uint32_t sr1 = *reg(i2c, SR1), cr2 = *reg(i2c, CR2);
	uint32_t events = SR1_EVENTS | (cr2 & CR2_ITBUFEN ? SR1_TXE | SR1_RXNE : 0);
	bool dma = cr2 & CR2_DMAEN;

	mcu_line_set(i2c->mcu, &i2c->event, (cr2 & CR2_ITEVTEN) && (sr1 & events));
	mcu_line_set(i2c->mcu, &i2c->error, (cr2 & CR2_ITERREN) && (sr1 & SR1_ERRORS));
	mcu_dma_request(i2c->mcu, i2c->wiring->tx_dma,
			dma && i2c->phase == PHASE_SEND && (sr1 & SR1_TXE));
	mcu_dma_request(i2c->mcu, i2c->wiring->rx_dma, dma && (sr1 & SR1_RXNE));
}

/* -- time and wires ---------------------------------------------------------------------- */

/* 27.6.8: a bit of SCL in HCLK cycles */
static int64_t bit_cycles(struct i2c *i2c)
{
	uint32_t ccr = *reg(i2c, CCR), pclk = mcu_hz(i2c->mcu, MCU_PCLK1);
	int64_t clocks = ccr & 0xFFF;

	clocks *= !(ccr & CCR_FS) ? 2 : ccr & CCR_DUTY ? 25 : 3;
	return pclk && clocks ? clocks * mcu_hz(i2c->mcu, MCU_HCLK) / pclk : 1;
}

static void after_bits(struct i2c *i2c, unsigned bits)
{
	struct sched *sched = mcu_sched(i2c->mcu);

	sched_at_cycle(sched, &i2c->next, sched->cycle + bits * bit_cycles(i2c));
}

static bool routed(const struct i2c *i2c, const uint8_t pins[3])
{
	for (unsigned i = 0; i < 3 && pins[i] < PINS; i++)
		if (pins_routed(i2c->mcu, pins[i], WIRING_AF))
			return true;
	return false;
}

static const struct i2c_part *call(struct i2c *i2c, uint8_t byte)
{
	const struct i2c_part *found = NULL;

	if (!routed(i2c, i2c->wiring->scl) || !routed(i2c, i2c->wiring->sda))
		return NULL;
	for (unsigned i = 0; i < PARTS_MAX && i2c->parts[i]; i++)
		if (i2c->parts[i]->start(i2c->parts[i]->ctx, byte >> 1, byte & 1))
			found = i2c->parts[i];
	return found;
}

/* -- conditions ---------------------------------------------------------------------------- */

static void start(struct i2c *i2c)
{
	i2c->phase = PHASE_START;
	i2c->full = i2c->shifting = false;
	after_bits(i2c, 1);
}

static void stop(struct i2c *i2c)
{
	i2c->phase = PHASE_STOP;
	after_bits(i2c, 1);
}

/* CR1 asked for a stop or a start: true when one follows now. */
static bool condition_follows(struct i2c *i2c)
{
	if (*reg(i2c, CR1) & CR1_STOP) {
		stop(i2c);
		return true;
	}
	if (*reg(i2c, CR1) & CR1_START) {
		start(i2c);
		return true;
	}
	return false;
}

static void started(struct i2c *i2c)
{
	*reg(i2c, CR1) &= ~CR1_START;
	*reg(i2c, SR1) &= ~(SR1_TXE | SR1_BTF);
	*reg(i2c, SR1) |= SR1_SB;
	*reg(i2c, SR2) |= SR2_MSL | SR2_BUSY;
	i2c->phase = PHASE_STARTED;
}

static void stopped(struct i2c *i2c)
{
	*reg(i2c, CR1) &= ~CR1_STOP;
	*reg(i2c, SR1) &= ~(SR1_TXE | SR1_BTF | SR1_SB | SR1_ADDR);
	*reg(i2c, SR2) &= ~(SR2_MSL | SR2_BUSY | SR2_TRA);
	if (i2c->part)
		i2c->part->stop(i2c->part->ctx);
	i2c->part = NULL;
	i2c->phase = PHASE_IDLE;
	if (*reg(i2c, CR1) & CR1_START)
		start(i2c);
}

static void not_acknowledged(struct i2c *i2c)
{
	*reg(i2c, SR1) |= SR1_AF;
	i2c->phase = PHASE_ENDED;
	condition_follows(i2c);
}

static void addressed(struct i2c *i2c)
{
	i2c->part = call(i2c, i2c->shift);
	if (!i2c->part) {
		not_acknowledged(i2c);
		return;
	}
	*reg(i2c, SR1) |= SR1_ADDR;
	*reg(i2c, SR2) = (*reg(i2c, SR2) & ~SR2_TRA) | (i2c->shift & 1 ? 0 : SR2_TRA);
	i2c->received = 0;
	i2c->phase = PHASE_HELD;
}

/* -- bytes ------------------------------------------------------------------------------------ */

static void send(struct i2c *i2c)
{
	i2c->shift = (uint8_t)*reg(i2c, DR);
	i2c->shifting = true;
	*reg(i2c, SR1) |= SR1_TXE;
	after_bits(i2c, 9);
}

static void byte_sent(struct i2c *i2c)
{
	i2c->shifting = false;
	if (!i2c->part->write(i2c->part->ctx, i2c->shift)) {
		not_acknowledged(i2c);
		return;
	}
	if (!(*reg(i2c, SR1) & SR1_TXE)) {
		send(i2c);
		return;
	}
	*reg(i2c, SR1) |= SR1_BTF;
	condition_follows(i2c);
}

static void receive(struct i2c *i2c)
{
	i2c->shifting = true;
	after_bits(i2c, 9);
}

/*
 * 27.3.3: ACK answers the byte that arrives; with POS the one after it, so that the first
 * of two is always taken. With the DMA's LAST the last one is refused by the DMA's end,
 * which the next byte's start cannot know: ACK alone decides here.
 */
static bool acknowledges(const struct i2c *i2c)
{
	uint32_t cr1 = i2c->regs[CR1 / 4];

	return (cr1 & CR1_ACK) || ((cr1 & CR1_POS) && i2c->received == 1);
}

static void go_on_receiving(struct i2c *i2c)
{
	if (i2c->phase == PHASE_RECEIVE && !condition_follows(i2c))
		receive(i2c);
}

static void byte_received(struct i2c *i2c)
{
	i2c->shifting = false;
	i2c->shift = i2c->part->read(i2c->part->ctx);
	i2c->received++;
	if (!acknowledges(i2c))
		i2c->phase = PHASE_ENDED;
	if (*reg(i2c, SR1) & SR1_RXNE) {
		i2c->full = true;
		*reg(i2c, SR1) |= SR1_BTF;
	} else {
		*reg(i2c, DR) = i2c->shift;
		*reg(i2c, SR1) |= SR1_RXNE;
		if (i2c->phase == PHASE_RECEIVE) {
			go_on_receiving(i2c);
			return;
		}
	}
	condition_follows(i2c);
}

static void on_its_way(void *ctx)
{
	struct i2c *i2c = ctx;

	switch (i2c->phase) {
	case PHASE_START:
		started(i2c);
		break;
	case PHASE_ADDRESS:
		addressed(i2c);
		break;
	case PHASE_SEND:
		byte_sent(i2c);
		break;
	case PHASE_RECEIVE:
		byte_received(i2c);
		break;
	case PHASE_STOP:
		stopped(i2c);
		break;
	default:
		break;
	}
	show(i2c);
}

/* -- registers ------------------------------------------------------------------------------- */

static bool i2c_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct i2c *i2c = self;

	i2c->mcu = mcu;
	i2c->row = row;
	i2c->wiring = &wirings[row->number];
	i2c->event.irq = (uint8_t)row->irqs[0];
	i2c->error.irq = (uint8_t)row->irqs[1];
	i2c->next = (struct sched_event){ .fire = on_its_way, .ctx = i2c };
	return true;
}

static void i2c_reset(void *self)
{
	struct i2c *i2c = self;

	for (const struct periph_reg *row = regs; row->name; row++)
		*reg(i2c, row->offset) = row->reset;
	if (i2c->part)
		i2c->part->stop(i2c->part->ctx);
	i2c->part = NULL;
	i2c->phase = PHASE_IDLE;
	i2c->status_read = i2c->shifting = i2c->full = false;
	sched_cancel(mcu_sched(i2c->mcu), &i2c->next);
	show(i2c);
}

static uint32_t i2c_peek(void *self, uint32_t offset)
{
	return offset <= TRISE ? *reg(self, offset) : 0;
}

/* DR was read: what waited behind it moves up, and the clock goes on. */
static void data_read(struct i2c *i2c)
{
	if (!(*reg(i2c, SR1) & SR1_RXNE))
		return;
	*reg(i2c, SR1) &= ~(SR1_RXNE | SR1_BTF);
	if (!i2c->full)
		return;
	i2c->full = false;
	*reg(i2c, DR) = i2c->shift;
	*reg(i2c, SR1) |= SR1_RXNE;
	go_on_receiving(i2c);
}

static void address_cleared(struct i2c *i2c)
{
	*reg(i2c, SR1) &= ~SR1_ADDR;
	if (*reg(i2c, SR2) & SR2_TRA) {
		i2c->phase = PHASE_SEND;
		*reg(i2c, SR1) |= SR1_TXE;
		condition_follows(i2c);
	} else {
		i2c->phase = PHASE_RECEIVE;
		receive(i2c);
	}
}

static uint32_t i2c_read(void *self, uint32_t offset)
{
	struct i2c *i2c = self;
	uint32_t value = i2c_peek(i2c, offset);

	if (offset == SR1)
		i2c->status_read = true;
	else if (offset == SR2 && i2c->status_read && (*reg(i2c, SR1) & SR1_ADDR))
		address_cleared(i2c);
	else if (offset == DR)
		data_read(i2c);
	show(i2c);
	return value;
}

static void write_cr1(struct i2c *i2c, uint32_t value)
{
	uint32_t asked = value & ~*reg(i2c, CR1) & (CR1_START | CR1_STOP);

	if (value & CR1_SWRST) {
		i2c_reset(i2c);
		*reg(i2c, CR1) = CR1_SWRST;
		return;
	}
	*reg(i2c, CR1) = value & CR1_BITS;
	if (!(value & CR1_PE)) {
		*reg(i2c, CR1) &= ~(CR1_START | CR1_STOP | CR1_ACK);
		return;
	}
	if (i2c->phase == PHASE_IDLE) {
		*reg(i2c, CR1) &= ~CR1_STOP;
		if (asked & CR1_START)
			start(i2c);
	} else if (asked && !i2c->shifting && i2c->phase != PHASE_START &&
		   i2c->phase != PHASE_ADDRESS && i2c->phase != PHASE_STOP &&
		   i2c->phase != PHASE_HELD) {
		*reg(i2c, SR1) &= ~SR1_BTF;
		condition_follows(i2c);
	}
}

static void write_data(struct i2c *i2c, uint8_t byte)
{
	*reg(i2c, DR) = byte;
	if (i2c->phase == PHASE_STARTED) {
		*reg(i2c, SR1) &= ~SR1_SB;
		i2c->shift = byte;
		i2c->phase = PHASE_ADDRESS;
		after_bits(i2c, 9);
	} else if (i2c->phase == PHASE_SEND) {
		*reg(i2c, SR1) &= ~(SR1_TXE | SR1_BTF);
		if (!i2c->shifting)
			send(i2c);
	}
}

/* Of the registers without effects: 27.6.2 to 27.6.4, 27.6.8, 27.6.9 */
static uint32_t writable(uint32_t offset)
{
	switch (offset) {
	case CR2:
		return 0x1F3F;
	case OAR1: /* bit 14 is the program's to keep at 1 */
		return 0xC3FF;
	case OAR2:
		return 0xFF;
	case CCR:
		return 0xCFFF;
	case TRISE:
		return 0x3F;
	default:
		return 0;
	}
}

static void i2c_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct i2c *i2c = self;

	(void)mask; /* on APB: always whole */
	if (offset == CR1)
		write_cr1(i2c, value);
	else if (offset == DR)
		write_data(i2c, (uint8_t)value);
	else if (offset == SR1)
		*reg(i2c, SR1) &= value | ~SR1_ERRORS;
	else if (offset != SR2 && offset <= TRISE)
		*reg(i2c, offset) = value & writable(offset);
	show(i2c);
}

void i2c_attach(struct mcu *mcu, unsigned number, const struct i2c_part *part)
{
	static const char *const names[] = { "", "I2C1", "I2C2", "I2C3" };
	struct i2c *i2c = mcu_periph(mcu, names[number]);
	unsigned i = 0;

	while (i < PARTS_MAX && i2c->parts[i])
		i++;
	assert(i < PARTS_MAX);
	i2c->parts[i] = part;
}

const struct periph_class i2c_class = {
	.size = sizeof(struct i2c),
	.open = i2c_open,
	.reset = i2c_reset,
	.read = i2c_read,
	.peek = i2c_peek,
	.write = i2c_write,
	.regs = regs,
};
