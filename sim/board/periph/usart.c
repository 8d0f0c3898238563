#include "usart.h"

#include "pins.h"
#include "table.h"

enum {
	SR = 0x00,
	DR = 0x04,
	BRR = 0x08,
	CR1 = 0x0C,
	CR2 = 0x10,
	CR3 = 0x14,
	GTPR = 0x18,
	REGISTERS = 7,
};

#define SR_PE   (1u << 0)
#define SR_FE   (1u << 1)
#define SR_NF   (1u << 2)
#define SR_ORE  (1u << 3)
#define SR_IDLE (1u << 4)
#define SR_RXNE (1u << 5)
#define SR_TC   (1u << 6)
#define SR_TXE  (1u << 7)
#define SR_LBD  (1u << 8)
#define SR_CTS  (1u << 9)
/* what reading SR and then DR clears; what writing 0 clears */
#define SR_BY_READING (SR_PE | SR_FE | SR_NF | SR_ORE | SR_IDLE)
#define SR_BY_WRITING (SR_RXNE | SR_TC | SR_LBD | SR_CTS)

#define CR1_SBK   (1u << 0)
#define CR1_RWU   (1u << 1)
#define CR1_RE    (1u << 2)
#define CR1_TE    (1u << 3)
#define CR1_PEIE  (1u << 8)
#define CR1_PCE   (1u << 10)
#define CR1_M     (1u << 12)
#define CR1_UE    (1u << 13)
#define CR1_OVER8 (1u << 15)
#define CR3_EIE   (1u << 0)
#define CR3_HDSEL (1u << 3)
#define CR3_DMAR  (1u << 6)
#define CR3_DMAT  (1u << 7)
#define CR3_CTSIE (1u << 10)

#define WIRE_BYTES 256

struct usart {
	struct mcu *mcu;
	const struct periph_row *row;
	const struct usart_wiring *wiring;
	uint32_t regs[REGISTERS];
	struct mcu_line line;

	bool status_read; /* SR was, and DR not since */
	uint16_t tdr, rdr;
	uint16_t shift; /* on its way out */
	bool shifting;
	struct sched_event sending, receiving;

	uint8_t wire[WIRE_BYTES]; /* towards RX */
	size_t wire_start, wire_len;
	bool was_busy; /* a byte came a frame ago: then idle is noticed */
	void (*sent)(void *ctx, uint8_t byte);
	void *sent_ctx;
};

/* The data sheet's table 9 (DS8626), and RM0090 tables 42 and 43. */
static const struct usart_wiring {
	const char *name;
	uint8_t af;
	uint8_t tx[3], rx[3]; /* PINS: no more */
	uint8_t tx_dma, rx_dma;
} wirings[USARTS + 1] = {
	[1] = { "USART1",
		7,
		{ PIN('A', 9), PIN('B', 6), PINS },
		{ PIN('A', 10), PIN('B', 7), PINS },
		MCU_DMA_USART1_TX,
		MCU_DMA_USART1_RX },
	[2] = { "USART2",
		7,
		{ PIN('A', 2), PIN('D', 5), PINS },
		{ PIN('A', 3), PIN('D', 6), PINS },
		MCU_DMA_USART2_TX,
		MCU_DMA_USART2_RX },
	[3] = { "USART3",
		7,
		{ PIN('B', 10), PIN('C', 10), PIN('D', 8) },
		{ PIN('B', 11), PIN('C', 11), PIN('D', 9) },
		MCU_DMA_USART3_TX,
		MCU_DMA_USART3_RX },
	[4] = { "UART4",
		8,
		{ PIN('A', 0), PIN('C', 10), PINS },
		{ PIN('A', 1), PIN('C', 11), PINS },
		MCU_DMA_UART4_TX,
		MCU_DMA_UART4_RX },
	[5] = { "UART5",
		8,
		{ PIN('C', 12), PINS, PINS },
		{ PIN('D', 2), PINS, PINS },
		MCU_DMA_UART5_TX,
		MCU_DMA_UART5_RX },
	[6] = { "USART6",
		8,
		{ PIN('C', 6), PIN('G', 14), PINS },
		{ PIN('C', 7), PIN('G', 9), PINS },
		MCU_DMA_USART6_TX,
		MCU_DMA_USART6_RX },
};

static const struct periph_reg regs[] = {
	{ SR, 0xC0, "SR" }, { DR, 0, "DR" },   { BRR, 0, "BRR" },   { CR1, 0, "CR1" },
	{ CR2, 0, "CR2" },  { CR3, 0, "CR3" }, { GTPR, 0, "GTPR" }, { 0, 0, NULL },
};

static uint32_t *reg(struct usart *usart, uint32_t offset)
{
	return &usart->regs[offset / 4];
}

/* -- flags --------------------------------------------------------------------------------- */

static bool interrupts(struct usart *usart)
{
	uint32_t sr = *reg(usart, SR), cr1 = *reg(usart, CR1), cr3 = *reg(usart, CR3);
	/* IDLE, RXNE, TC and TXE have their enables at the same bits of CR1 */
	uint32_t plain = SR_IDLE | SR_RXNE | SR_TC | SR_TXE;

	return (sr & cr1 & plain) || ((sr & SR_ORE) && (cr1 & SR_RXNE)) ||
	       ((sr & SR_PE) && (cr1 & CR1_PEIE)) ||
	       ((sr & SR_CTS) && (cr3 & CR3_CTSIE)) ||
	       ((sr & (SR_FE | SR_NF | SR_ORE)) && (cr3 & CR3_EIE) && (cr3 & CR3_DMAR));
}

static void show(struct usart *usart)
{
	uint32_t sr = *reg(usart, SR), cr3 = *reg(usart, CR3);
	bool on = *reg(usart, CR1) & CR1_UE;

	mcu_line_set(usart->mcu, &usart->line, interrupts(usart));
	mcu_dma_request(usart->mcu, usart->wiring->tx_dma,
			on && (sr & SR_TXE) && (cr3 & CR3_DMAT));
	mcu_dma_request(usart->mcu, usart->wiring->rx_dma,
			on && (sr & SR_RXNE) && (cr3 & CR3_DMAR));
}

/* -- time ------------------------------------------------------------------------------------ */

/* HCLK cycles a bit; 30.3.4: BRR is the bit's length in clocks, in eighths with OVER8. */
static int64_t bit_cycles(struct usart *usart)
{
	uint32_t brr = *reg(usart, BRR);
	uint32_t pclk = mcu_hz(usart->mcu,
			       usart->row->bus == PERIPH_APB1 ? MCU_PCLK1 : MCU_PCLK2);
	uint32_t clocks = *reg(usart, CR1) & CR1_OVER8 ? (brr >> 4) * 8 + (brr & 7) : brr;

	return pclk ? (int64_t)clocks * mcu_hz(usart->mcu, MCU_HCLK) / pclk : 0;
}

/* Start bit, 8 or 9 bits, and the stop bits: 1, 0.5, 2 or 1.5. */
static int64_t frame_cycles(struct usart *usart)
{
	static const uint8_t half_stops[] = { 2, 1, 4, 3 };
	unsigned halves = 2 + (*reg(usart, CR1) & CR1_M ? 18 : 16) +
			  half_stops[*reg(usart, CR2) >> 12 & 3];

	return bit_cycles(usart) * halves / 2;
}

static void after_frame(struct usart *usart, struct sched_event *event)
{
	struct sched *sched = mcu_sched(usart->mcu);
	int64_t cycles = frame_cycles(usart);

	if (cycles > 0)
		sched_at_cycle(sched, event, sched->cycle + cycles);
}

static bool routed(const struct usart *usart, const uint8_t pins[3])
{
	for (unsigned i = 0; i < 3 && pins[i] < PINS; i++)
		if (pins_routed(usart->mcu, pins[i], usart->wiring->af))
			return true;
	return false;
}

/* 8 data bits on the wire; of a 9 bit frame, or one with parity, those below. */
static uint8_t data_of(struct usart *usart, uint16_t frame)
{
	bool seven = (*reg(usart, CR1) & CR1_PCE) && !(*reg(usart, CR1) & CR1_M);

	return (uint8_t)(seven ? frame & 0x7F : frame);
}

static bool one_wire(struct usart *usart)
{
	return *reg(usart, CR3) & CR3_HDSEL;
}

static void take_in(struct usart *usart, uint8_t byte);

/* -- out ---------------------------------------------------------------------------------------- */

static void shift_out(struct usart *usart)
{
	usart->shift = usart->tdr;
	usart->shifting = true;
	*reg(usart, SR) |= SR_TXE;
	after_frame(usart, &usart->sending);
}

static void frame_sent(void *ctx)
{
	struct usart *usart = ctx;

	if (usart->shifting && usart->sent && routed(usart, usart->wiring->tx))
		usart->sent(usart->sent_ctx, data_of(usart, usart->shift));
	if (usart->shifting && one_wire(usart)) /* 30.3.10: it hears itself */
		take_in(usart, data_of(usart, usart->shift));
	usart->shifting = false;
	if (!(*reg(usart, SR) & SR_TXE) && (*reg(usart, CR1) & CR1_TE))
		shift_out(usart);
	else
		*reg(usart, SR) |= SR_TC;
	show(usart);
}

static void write_data(struct usart *usart, uint32_t value)
{
	if (usart->status_read)
		*reg(usart, SR) &= ~SR_TC;
	if ((*reg(usart, CR1) & (CR1_UE | CR1_TE)) != (CR1_UE | CR1_TE))
		return;
	usart->tdr = value & 0x1FF;
	*reg(usart, SR) &= ~SR_TXE;
	if (!sched_waits(&usart->sending))
		shift_out(usart);
}

/* -- in ----------------------------------------------------------------------------------------- */

static bool listens(struct usart *usart)
{
	const struct usart_wiring *wiring = usart->wiring;

	return (*reg(usart, CR1) & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE) &&
	       routed(usart, one_wire(usart) ? wiring->tx : wiring->rx);
}

/* With parity the bit above the data is what the sender had to add. */
static uint16_t with_parity(struct usart *usart, uint8_t byte)
{
	uint32_t cr1 = *reg(usart, CR1);
	unsigned bits = cr1 & CR1_M ? 8 : 7;
	uint16_t data = byte & ((1u << bits) - 1);
	bool odd = __builtin_parity(data) != !!(cr1 & 1u << 9);

	return cr1 & CR1_PCE ? (uint16_t)(data | (unsigned)odd << bits) : byte;
}

static void take_in(struct usart *usart, uint8_t byte)
{
	if (!listens(usart) || (*reg(usart, CR1) & CR1_RWU))
		return;
	if (*reg(usart, SR) & SR_RXNE) {
		*reg(usart, SR) |= SR_ORE; /* the first one stays */
		return;
	}
	usart->rdr = with_parity(usart, byte);
	*reg(usart, SR) |= SR_RXNE;
}

static void frame_received(void *ctx)
{
	struct usart *usart = ctx;

	if (usart->wire_len > 0) {
		take_in(usart, usart->wire[usart->wire_start]);
		usart->wire_start = (usart->wire_start + 1) % WIRE_BYTES;
		usart->wire_len--;
		usart->was_busy = true;
		after_frame(usart, &usart->receiving);
	} else if (usart->was_busy) { /* a whole frame of silence */
		usart->was_busy = false;
		*reg(usart, CR1) &= ~CR1_RWU;
		if (listens(usart))
			*reg(usart, SR) |= SR_IDLE;
	}
	show(usart);
}

static void listen_to_wire(struct usart *usart)
{
	if (usart->wire_len > 0 && listens(usart) && !sched_waits(&usart->receiving))
		after_frame(usart, &usart->receiving);
}

/* -- registers ---------------------------------------------------------------------------------- */

static bool usart_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct usart *usart = self;

	usart->mcu = mcu;
	usart->row = row;
	usart->wiring = &wirings[row->number];
	usart->line.irq = (uint8_t)row->irqs[0];
	usart->sending = (struct sched_event){ .fire = frame_sent, .ctx = usart };
	usart->receiving = (struct sched_event){ .fire = frame_received, .ctx = usart };
	return true;
}

static void usart_reset(void *self)
{
	struct usart *usart = self;

	for (unsigned i = 0; i < REGISTERS; i++)
		usart->regs[i] = 0;
	*reg(usart, SR) = SR_TXE | SR_TC;
	usart->tdr = usart->rdr = 0;
	usart->shifting = usart->status_read = usart->was_busy = false;
	sched_cancel(mcu_sched(usart->mcu), &usart->sending);
	sched_cancel(mcu_sched(usart->mcu), &usart->receiving);
	show(usart);
}

static uint32_t usart_peek(void *self, uint32_t offset)
{
	struct usart *usart = self;

	if (offset == DR)
		return usart->rdr;
	return offset <= GTPR ? *reg(usart, offset) : 0;
}

static uint32_t usart_read(void *self, uint32_t offset)
{
	struct usart *usart = self;
	uint32_t value = usart_peek(usart, offset);

	if (offset == SR)
		usart->status_read = true;
	if (offset != DR)
		return value;
	*reg(usart, SR) &= ~SR_RXNE;
	if (usart->status_read)
		*reg(usart, SR) &= ~SR_BY_READING;
	usart->status_read = false;
	show(usart);
	return value;
}

/* 30.3.2: a transmitter that is switched on sends an idle frame first. */
static void write_cr1(struct usart *usart, uint32_t value)
{
	uint32_t was = *reg(usart, CR1);
	uint32_t on = CR1_UE | CR1_TE;

	*reg(usart, CR1) = value & 0xBFFF & ~CR1_SBK;
	if ((was & on) != on && (value & on) == on && !sched_waits(&usart->sending))
		after_frame(usart, &usart->sending);
	listen_to_wire(usart);
}

static void usart_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct usart *usart = self;

	(void)mask; /* on APB: always whole */
	switch (offset) {
	case SR:
		*reg(usart, SR) &= value | ~SR_BY_WRITING;
		break;
	case DR:
		write_data(usart, value);
		usart->status_read = false;
		break;
	case CR1:
		write_cr1(usart, value);
		break;
	case BRR:
	case GTPR:
		*reg(usart, offset) = value & 0xFFFF;
		listen_to_wire(usart);
		break;
	case CR2:
		*reg(usart, CR2) = value & 0x7F6F;
		break;
	case CR3:
		*reg(usart, CR3) = value & 0xFFF;
		break;
	default:
		break;
	}
	show(usart);
}

/* -- the wire -------------------------------------------------------------------------------- */

const char *usart_name(unsigned number)
{
	return number >= 1 && number <= USARTS ? wirings[number].name : NULL;
}

static struct usart *numbered(const struct mcu *mcu, unsigned number)
{
	return mcu_periph(mcu, usart_name(number));
}

void usart_attach(struct mcu *mcu, unsigned number, void (*sent)(void *ctx, uint8_t byte),
		  void *ctx)
{
	struct usart *usart = numbered(mcu, number);

	usart->sent = sent;
	usart->sent_ctx = ctx;
}

size_t usart_room(const struct mcu *mcu, unsigned number)
{
	return WIRE_BYTES - numbered(mcu, number)->wire_len;
}

bool usart_give(struct mcu *mcu, unsigned number, uint8_t byte)
{
	struct usart *usart = numbered(mcu, number);

	if (usart->wire_len == WIRE_BYTES)
		return false;
	usart->wire[(usart->wire_start + usart->wire_len) % WIRE_BYTES] = byte;
	usart->wire_len++;
	listen_to_wire(usart);
	return true;
}

const struct periph_class usart_class = {
	.size = sizeof(struct usart),
	.open = usart_open,
	.reset = usart_reset,
	.read = usart_read,
	.peek = usart_peek,
	.write = usart_write,
	.regs = regs,
};
