#include "drivers/usart.h"

#include "drivers/core.h"
#include "drivers/rcc.h"
#include "drivers/wait.h"
#include "hw/reg.h"
#include "hw/regs_core.h"
#include "hw/regs_usart.h"

/* Powers of two: the indices count on, and are cut where the queue is looked at. */
#define RX_BYTES 256u
#define TX_BYTES 1024u

/* A byte takes 87 us; for the other end there is no flow control. */
#define BYTE_US 2000u
#define ROOM_US 100000u

static struct {
	volatile uint8_t bytes[RX_BYTES];
	volatile unsigned in, out; /* by the interrupt alone; by the main loop alone */
} rx;

static struct {
	char bytes[TX_BYTES];
	unsigned in, out;
} tx;

static volatile unsigned rx_lost;
static unsigned tx_lost;

void usart_start(void)
{
	uint32_t pclk = rcc_pclk1_hz();

	rcc_enable(GATE_USART3);
	reg_write(USART3_CR1, 0);
	/* [RM0090] 30.3.4: in sixteenths of the divider, which is what the quotient is. */
	reg_write(USART3_BRR, (pclk + USART_BAUD / 2) / USART_BAUD);
	reg_write(USART3_CR2, 0);
	reg_write(USART3_CR3, 0);
	reg_write(USART3_CR1,
		  USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE);
	core_irq_enable(IRQ_USART3, CORE_PRIORITY_SERIAL);
}

/*
 * [RM0090] 30.6.1: reading SR and then DR clears what went wrong, too. After an overrun the
 * byte that is there is whole, and the one behind it is lost.
 */
void usart_receive(void)
{
	uint32_t sr = reg_read(USART3_SR);
	uint8_t byte;

	if (!(sr & (USART_SR_RXNE | USART_SR_ORE)))
		return;
	byte = (uint8_t)reg_read(USART3_DR);
	if (sr & USART_SR_ORE)
		rx_lost++;
	if (!(sr & USART_SR_RXNE))
		return;
	if (sr & (USART_SR_NF | USART_SR_FE) || rx.in - rx.out == RX_BYTES) {
		rx_lost++;
		return;
	}
	rx.bytes[rx.in % RX_BYTES] = byte;
	rx.in++;
}

int usart_get(void)
{
	return rx.in == rx.out ? -1 : rx.bytes[rx.out++ % RX_BYTES];
}

bool usart_pump(void)
{
	while (tx.in != tx.out && reg_read(USART3_SR) & USART_SR_TXE)
		reg_write(USART3_DR, (uint8_t)tx.bytes[tx.out++ % TX_BYTES]);
	return tx.in != tx.out;
}

/* Who waited in vain does not wait again: the main loop must go on. */
static bool make_room(void)
{
	static bool dead;

	if (tx.in - tx.out < TX_BYTES)
		return true;
	dead = !wait_for(USART3_SR, USART_SR_TXE, USART_SR_TXE, dead ? 0 : ROOM_US);
	if (!dead)
		usart_pump();
	return !dead;
}

void usart_write(const char *bytes, size_t len)
{
	while (len > 0 && make_room()) {
		tx.bytes[tx.in++ % TX_BYTES] = *bytes++;
		len--;
	}
	tx_lost += (unsigned)len;
	usart_pump();
}

bool usart_flush(void)
{
	while (usart_pump())
		if (!wait_for(USART3_SR, USART_SR_TXE, USART_SR_TXE, BYTE_US))
			return false;
	return wait_for(USART3_SR, USART_SR_TC, USART_SR_TC, BYTE_US);
}

struct usart_losses usart_losses(void)
{
	return (struct usart_losses){ rx_lost, tx_lost };
}
