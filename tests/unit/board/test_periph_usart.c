/* The serial ports: RM0090 section 30. HCLK and the APBs run at 16 MHz. */
#include "one_bench.h"

#include <string.h>

#include "periph/pins.h"
#include "periph/usart.h"

#define USART3 0x40004800u
#define SR     0x00u
#define DR     0x04u
#define BRR    0x08u
#define CR1    0x0Cu
#define CR2    0x10u
#define CR3    0x14u
#define GPIOD  0x40020C00u

#define TXE  0x80u
#define TC   0x40u
#define RXNE 0x20u
#define IDLE 0x10u
#define ORE  0x08u

#define BIT   139 /* 115,107 baud */
#define FRAME (10 * BIT)

static char sent[100];
static size_t sent_len;

static void note_sent(void *ctx, uint8_t byte)
{
	(void)ctx;
	assert_true(sent_len < sizeof(sent));
	sent[sent_len++] = (char)byte;
}

static void route(void)
{
	wr(GPIOD, 2u << 16 | 2u << 18);
	wr(GPIOD + 0x24, 0x77); /* AF7: USART3 */
}

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 18, true);
	usart_attach(bench.mcu, 3, note_sent, NULL);
	sent_len = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

static void start(uint32_t cr1)
{
	route();
	wr(USART3 + BRR, BIT);
	wr(USART3 + CR1, 0x200C | cr1); /* UE, TE, RE */
	bench_run(&bench, FRAME);       /* the idle frame */
}

static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(rd(USART3 + SR), 0xC0);
	for (uint32_t at = DR; at <= 0x18; at += 4)
		assert_int_equal(rd(USART3 + at), 0);
}

static void sends_at_its_rate(void **state)
{
	(void)state;
	start(0);
	assert_int_equal(rd(USART3 + SR) & (TXE | TC), TXE | TC);
	wr(USART3 + DR, 'a');
	assert_int_equal(rd(USART3 + SR) & (TXE | TC), TXE); /* in the shift register */
	wr(USART3 + DR, 'b');
	assert_int_equal(rd(USART3 + SR) & (TXE | TC), 0);
	bench_run(&bench, FRAME - 1);
	assert_int_equal(sent_len, 0);
	bench_run(&bench, 1);
	assert_int_equal(sent_len, 1);
	assert_int_equal(rd(USART3 + SR) & (TXE | TC), TXE);
	bench_run(&bench, FRAME);
	assert_memory_equal(sent, "ab", 2);
	assert_int_equal(rd(USART3 + SR) & (TXE | TC), TXE | TC);
	wr(USART3 + SR, ~TC);
	assert_int_equal(rd(USART3 + SR) & TC, 0);
}

static void nothing_leaves_a_port_without_a_pin(void **state)
{
	(void)state;
	start(0);
	wr(GPIOD + 0x24, 0x70);
	wr(USART3 + DR, 'a');
	bench_run(&bench, 2 * FRAME);
	assert_int_equal(sent_len, 0);
	assert_int_equal(rd(USART3 + SR) & TC, TC);
	wr(USART3 + CR1, 0x2004); /* nor without TE */
	route();
	wr(USART3 + DR, 'b');
	bench_run(&bench, 2 * FRAME);
	assert_int_equal(sent_len, 0);
}

static void transmit_interrupts(void **state)
{
	(void)state;
	start(0x80); /* TXEIE */
	assert_true(bench.irq[39]);
	wr(USART3 + DR, 'a');
	assert_true(bench.irq[39]);
	wr(USART3 + DR, 'b');
	assert_false(bench.irq[39]);
	bench_run(&bench, FRAME);
	assert_true(bench.irq[39]);
}

static void receives(void **state)
{
	(void)state;
	start(0x20); /* RXNEIE */
	assert_true(usart_give(bench.mcu, 3, 'x'));
	bench_run(&bench, FRAME - 1);
	assert_false(bench.irq[39]);
	bench_run(&bench, 1);
	assert_true(bench.irq[39]);
	assert_int_equal(rd(USART3 + DR), 'x');
	assert_false(bench.irq[39]);
	bench_run(&bench, FRAME);
	assert_int_equal(rd(USART3 + SR) & IDLE, IDLE);
	rd(USART3 + DR);
	assert_int_equal(rd(USART3 + SR) & IDLE, 0);
}

static void an_overrun_keeps_the_first(void **state)
{
	(void)state;
	start(0);
	usart_give(bench.mcu, 3, '1');
	usart_give(bench.mcu, 3, '2');
	bench_run(&bench, 2 * FRAME);
	assert_int_equal(rd(USART3 + SR) & (ORE | RXNE), ORE | RXNE);
	assert_int_equal(rd(USART3 + DR), '1');
	assert_int_equal(rd(USART3 + SR) & (ORE | RXNE), 0);
}

static void parity_is_in_the_data(void **state)
{
	(void)state;
	start(0x1400); /* M, PCE: even, 8 bits and parity */
	usart_give(bench.mcu, 3, 0x07);
	bench_run(&bench, 11 * BIT);
	assert_int_equal(rd(USART3 + DR), 0x107);
	wr(USART3 + DR, 0x107);
	bench_run(&bench, 11 * BIT);
	assert_int_equal(sent[0], 0x07);
}

static void other_lengths(void **state)
{
	(void)state;
	start(0);
	wr(USART3 + CR1, 0xA00C);  /* OVER8 */
	wr(USART3 + BRR, 0x14);    /* 1 4/8: 12 clocks a bit */
	wr(USART3 + CR2, 2 << 12); /* two stop bits */
	wr(USART3 + DR, 'z');
	bench_run(&bench, 11 * 12 - 1);
	assert_int_equal(sent_len, 0);
	bench_run(&bench, 1);
	assert_int_equal(sent_len, 1);
}

/* 30.3.10: half duplex; the pin of RX is not used, and what is sent comes back */
static void one_wire_hears_itself(void **state)
{
	(void)state;
	start(0);
	wr(GPIOD, 2u << 16); /* TX alone */
	wr(USART3 + DR, 'a');
	bench_run(&bench, 3 * FRAME);
	assert_int_equal(rd(USART3 + SR) & RXNE, 0);
	wr(USART3 + 0x14, 1u << 3); /* HDSEL */
	wr(USART3 + DR, 'b');
	bench_run(&bench, FRAME - 1);
	assert_int_equal(rd(USART3 + SR) & RXNE, 0);
	bench_run(&bench, 1);
	assert_int_equal(rd(USART3 + SR) & RXNE, RXNE);
	assert_int_equal(rd(USART3 + DR), 'b');
	assert_int_equal(sent[sent_len - 1], 'b');
	assert_true(usart_give(bench.mcu, 3, 'c'));
	bench_run(&bench, FRAME);
	assert_int_equal(rd(USART3 + DR), 'c');
}

static void asks_the_dma(void **state)
{
	(void)state;
	start(0);
	assert_false(mcu_dma_requested(bench.mcu, MCU_DMA_USART3_TX));
	wr(USART3 + CR3, 0xC0);
	assert_true(mcu_dma_requested(bench.mcu, MCU_DMA_USART3_TX));
	wr(USART3 + DR, 'a');
	wr(USART3 + DR, 'b');
	assert_false(mcu_dma_requested(bench.mcu, MCU_DMA_USART3_TX));
	usart_give(bench.mcu, 3, 'c');
	bench_run(&bench, FRAME);
	assert_true(mcu_dma_requested(bench.mcu, MCU_DMA_USART3_RX));
	rd(USART3 + DR);
	assert_false(mcu_dma_requested(bench.mcu, MCU_DMA_USART3_RX));
}

static void the_wire_is_bounded_and_waits_for_the_port(void **state)
{
	(void)state;
	while (usart_room(bench.mcu, 3) > 0)
		assert_true(usart_give(bench.mcu, 3, 'w'));
	assert_false(usart_give(bench.mcu, 3, 'w'));
	start(0);
	bench_run(&bench, FRAME);
	assert_int_equal(rd(USART3 + DR), 'w');
	assert_true(usart_room(bench.mcu, 3) > 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values),
		TEST(sends_at_its_rate),
		TEST(nothing_leaves_a_port_without_a_pin),
		TEST(transmit_interrupts),
		TEST(receives),
		TEST(an_overrun_keeps_the_first),
		TEST(one_wire_hears_itself),
		TEST(parity_is_in_the_data),
		TEST(other_lengths),
		TEST(asks_the_dma),
		TEST(the_wire_is_bounded_and_waits_for_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
