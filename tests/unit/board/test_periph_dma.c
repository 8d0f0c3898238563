/* The DMA controllers: RM0090 section 10, with the peripherals that ask them. */
#include "one_bench.h"

#include <string.h>

#include "periph/pins.h"
#include "periph/usart.h"

#define DMA1   0x40026000u
#define DMA2   0x40026400u
#define USART3 0x40004800u
#define TIM1   0x40010000u
#define GPIOD  0x40020C00u
#define SRAM   0x20000000u

#define STREAM(dma, n) ((dma) + 0x10 + 0x18 * (n))
#define CR             0x00u
#define NDTR           0x04u
#define PAR            0x08u
#define M0AR           0x0Cu
#define M1AR           0x10u
#define FCR            0x14u

#define EN            1u
#define TEIE          4u
#define HTIE          8u
#define TCIE          0x10u
#define TO_PERIPHERAL (1u << 6)
#define COPY          (2u << 6)
#define CIRC          (1u << 8)
#define PINC          (1u << 9)
#define MINC          (1u << 10)
#define WIDTHS(p, m)  ((uint32_t)(p) << 11 | (uint32_t)(m) << 13)
#define DBM           (1u << 18)
#define CHANNEL(c)    ((uint32_t)(c) << 25)

static char sent[64];
static size_t sent_len;

static void note_sent(void *ctx, uint8_t byte)
{
	(void)ctx;
	sent[sent_len++ % sizeof(sent)] = (char)byte;
}

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 21, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 22, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 18, true);
	mcu_periph_clock(bench.mcu, PERIPH_APB2, 0, true);
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

static void set_stream(uint32_t stream, uint32_t par, uint32_t m0ar, uint32_t items)
{
	wr(stream + PAR, par);
	wr(stream + M0AR, m0ar);
	wr(stream + NDTR, items);
}

static void usart_on(void)
{
	wr(GPIOD, 2u << 16 | 2u << 18);
	wr(GPIOD + 0x24, 0x77);
	wr(USART3 + 0x08, 16);
	wr(USART3 + 0x14, 0xC0); /* DMAT, DMAR */
	wr(USART3 + 0x0C, 0x200C);
	bench_run(&bench, 160);
}

static void reset_values(void **state)
{
	(void)state;
	for (uint32_t at = 0; at < 0x10; at += 4)
		assert_int_equal(rd(DMA1 + at), 0);
	for (unsigned n = 0; n < 8; n++)
		for (uint32_t at = CR; at <= FCR; at += 4)
			assert_int_equal(rd(STREAM(DMA2, n) + at), at == FCR ? 0x21 : 0);
}

static void copies_memory(void **state)
{
	static const char text[] = "thirty-two bytes of plain words";

	(void)state;
	memcpy(mcu_sram(bench.mcu), text, 32);
	set_stream(STREAM(DMA2, 1), SRAM, SRAM + 0x100, 32);
	wr(STREAM(DMA2, 1) + CR, COPY | PINC | MINC | TCIE | EN);
	bench_run(&bench, 32 * 4 - 1);
	assert_int_equal(rd(STREAM(DMA2, 1) + NDTR), 1);
	assert_false(bench.irq[57]);
	bench_run(&bench, 1);
	assert_memory_equal(mcu_sram(bench.mcu) + 0x100, text, 32);
	assert_true(bench.irq[57]);
	assert_int_equal(rd(DMA2), (0x20u | 0x10u) << 6); /* TCIF, HTIF of stream 1 */
	assert_int_equal(rd(STREAM(DMA2, 1) + CR) & EN, 0);
	wr(DMA2 + 0x08, 0x3Du << 6);
	assert_int_equal(rd(DMA2), 0);
	assert_false(bench.irq[57]);
}

static void packs_and_unpacks(void **state)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t *sram = mcu_sram(bench.mcu);

	(void)state;
	memcpy(sram, bytes, 8);
	set_stream(STREAM(DMA2, 0), SRAM, SRAM + 0x100, 8); /* bytes to words */
	wr(STREAM(DMA2, 0) + CR, COPY | PINC | MINC | WIDTHS(0, 2) | EN);
	bench_run(&bench, 100);
	assert_memory_equal(sram + 0x100, bytes, 8);
	set_stream(STREAM(DMA2, 2), SRAM, SRAM + 0x200, 2); /* words to bytes */
	wr(STREAM(DMA2, 2) + CR, COPY | PINC | MINC | WIDTHS(2, 0) | EN);
	bench_run(&bench, 100);
	assert_memory_equal(sram + 0x200, bytes, 8);
	set_stream(STREAM(DMA2, 3), SRAM, SRAM + 0x300, 7); /* an odd rest is flushed */
	wr(STREAM(DMA2, 3) + CR, COPY | PINC | MINC | WIDTHS(0, 2) | EN);
	bench_run(&bench, 100);
	assert_memory_equal(sram + 0x300, bytes, 7);
	assert_int_equal(sram[0x307], 0);
}

static void feeds_a_serial_port(void **state)
{
	(void)state;
	usart_on();
	memcpy(mcu_sram(bench.mcu), "hello", 5);
	set_stream(STREAM(DMA1, 3), USART3 + 4, SRAM, 5);
	wr(STREAM(DMA1, 3) + CR, CHANNEL(4) | TO_PERIPHERAL | MINC | TCIE | EN);
	bench_run(&bench, 160 * 6);
	assert_int_equal(sent_len, 5);
	assert_memory_equal(sent, "hello", 5);
	assert_true(bench.irq[14]);
	assert_int_equal(bench.rises[14], 1);
}

static void another_channel_does_not_answer(void **state)
{
	(void)state;
	usart_on();
	set_stream(STREAM(DMA1, 3), USART3 + 4, SRAM, 5);
	wr(STREAM(DMA1, 3) + CR, CHANNEL(5) | TO_PERIPHERAL | MINC | EN);
	bench_run(&bench, 160 * 6);
	assert_int_equal(sent_len, 0);
	assert_int_equal(rd(STREAM(DMA1, 3) + NDTR), 5);
}

static void receives_in_a_circle(void **state)
{
	(void)state;
	usart_on();
	set_stream(STREAM(DMA1, 1), USART3 + 4, SRAM, 4);
	wr(STREAM(DMA1, 1) + CR, CHANNEL(4) | MINC | CIRC | HTIE | TCIE | EN);
	for (const char *c = "abcdef"; *c; c++)
		usart_give(bench.mcu, 3, (uint8_t)*c);
	bench_run(&bench, 160 * 7);
	assert_memory_equal(mcu_sram(bench.mcu), "efcd", 4);
	assert_int_equal(rd(STREAM(DMA1, 1) + NDTR), 2);
	assert_int_equal(rd(STREAM(DMA1, 1) + CR) & EN, EN);
	assert_int_equal(rd(USART3) & 0x28, 0); /* nothing unread, nothing overrun */
}

static void two_buffers_in_turn(void **state)
{
	(void)state;
	usart_on();
	set_stream(STREAM(DMA1, 1), USART3 + 4, SRAM, 2);
	wr(STREAM(DMA1, 1) + M1AR, SRAM + 0x100);
	wr(STREAM(DMA1, 1) + CR, CHANNEL(4) | MINC | DBM | TCIE | EN);
	for (const char *c = "abcdef"; *c; c++)
		usart_give(bench.mcu, 3, (uint8_t)*c);
	bench_run(&bench, 160 * 4 + 80);
	assert_int_equal(rd(STREAM(DMA1, 1) + CR) >> 19 & 1, 0);
	wr(STREAM(DMA1, 1) + M1AR, SRAM + 0x200); /* the one at rest may be moved */
	wr(STREAM(DMA1, 1) + M0AR, SRAM + 0x300); /* the one in use not */
	bench_run(&bench, 160 * 4);
	assert_memory_equal(mcu_sram(bench.mcu), "ef", 2);
	assert_memory_equal(mcu_sram(bench.mcu) + 0x100, "cd", 2);
	assert_int_equal(rd(STREAM(DMA1, 1) + CR) >> 19 & 1, 1);
}

static void a_timer_paces_it(void **state)
{
	static const uint16_t pattern[] = { 0x1000, 0x2000, 0x4000, 0x8000 };

	(void)state;
	wr(GPIOD, 0x55000000);
	memcpy(mcu_sram(bench.mcu), pattern, sizeof(pattern));
	set_stream(STREAM(DMA2, 5), GPIOD + 0x14, SRAM, 4);
	wr(STREAM(DMA2, 5) + CR,
	   CHANNEL(6) | TO_PERIPHERAL | MINC | CIRC | WIDTHS(1, 1) | EN);
	wr(TIM1 + 0x2C, 999);
	wr(TIM1 + 0x0C, 0x100); /* UDE */
	wr(TIM1, 1);
	for (unsigned i = 0; i < 6; i++) {
		bench_run(&bench, 1000 + (i == 0) * 8);
		assert_int_equal(rd(GPIOD + 0x14), pattern[i % 4]);
	}
}

static void what_it_cannot_reach(void **state)
{
	(void)state;
	set_stream(STREAM(DMA2, 0), 0x10000000, SRAM, 4); /* CCM */
	wr(STREAM(DMA2, 0) + CR, COPY | TEIE | EN);
	bench_run(&bench, 10);
	assert_true(bench.irq[56]);
	assert_int_equal(rd(STREAM(DMA2, 0) + CR) & EN, 0);
	assert_int_equal(rd(DMA2), 8);
	set_stream(STREAM(DMA2, 1), SRAM, 0x08000000, 4); /* flash */
	wr(STREAM(DMA2, 1) + CR, COPY | EN);
	set_stream(STREAM(DMA1, 1), SRAM, SRAM + 4, 4); /* DMA1 and memory to memory */
	wr(STREAM(DMA1, 1) + CR, COPY | EN);
	bench_run(&bench, 10);
	assert_int_equal(rd(DMA2), 8 | 8 << 6);
	assert_int_equal(rd(DMA1), 8 << 6);
}

static void the_higher_priority_goes_first(void **state)
{
	(void)state;
	set_stream(STREAM(DMA2, 0), SRAM, SRAM + 0x100, 100);
	set_stream(STREAM(DMA2, 7), SRAM, SRAM + 0x200, 10);
	wr(STREAM(DMA2, 0) + CR, COPY | PINC | MINC | EN);
	wr(STREAM(DMA2, 7) + CR, COPY | PINC | MINC | 3u << 16 | EN);
	bench_run(&bench, 10 * 4);
	assert_int_equal(rd(STREAM(DMA2, 7) + NDTR), 0);
	assert_int_equal(rd(STREAM(DMA2, 0) + NDTR), 100);
}

static void stopped_on_the_way(void **state)
{
	(void)state;
	set_stream(STREAM(DMA2, 0), SRAM, SRAM + 0x100, 100);
	wr(STREAM(DMA2, 0) + CR, COPY | PINC | MINC | EN);
	bench_run(&bench, 40);
	wr(STREAM(DMA2, 0) + NDTR, 7);       /* locked */
	wr(STREAM(DMA2, 0) + PAR, SRAM + 8); /* locked */
	assert_int_equal(rd(STREAM(DMA2, 0) + NDTR), 90);
	assert_int_equal(rd(STREAM(DMA2, 0) + PAR), SRAM);
	wr(STREAM(DMA2, 0) + CR, 0);
	bench_run(&bench, 40);
	assert_int_equal(rd(STREAM(DMA2, 0) + NDTR), 90);
	assert_int_equal(rd(DMA2), 0x20);
}

static void a_burst_the_fifo_cannot_hold(void **state)
{
	(void)state;
	set_stream(STREAM(DMA2, 0), SRAM, SRAM + 0x100, 16);
	wr(STREAM(DMA2, 0) + FCR, 4); /* FIFO, a quarter */
	wr(STREAM(DMA2, 0) + CR, COPY | WIDTHS(2, 2) | 1u << 23 | EN); /* 4 words */
	assert_int_equal(rd(DMA2), 1);
	assert_int_equal(rd(STREAM(DMA2, 0) + CR) & EN, 0);
	wr(STREAM(DMA2, 0) + FCR, 7);
	wr(STREAM(DMA2, 0) + CR, COPY | WIDTHS(2, 2) | 1u << 23 | EN);
	assert_int_equal(rd(STREAM(DMA2, 0) + CR) & EN, EN);
}

/* 3 is no width: the bytes stay within those of a word */
static void a_width_that_is_none(void **state)
{
	(void)state;
	wr(SRAM, 0x12345678);
	wr(SRAM + 4, 0x9ABCDEF0);
	wr(SRAM + 0x104, 0);
	wr(STREAM(DMA2, 0) + NDTR, 1);
	wr(STREAM(DMA2, 0) + PAR, SRAM);
	wr(STREAM(DMA2, 0) + M0AR, SRAM + 0x100);
	wr(STREAM(DMA2, 0) + FCR, 7);
	wr(STREAM(DMA2, 0) + CR, COPY | PINC | MINC | WIDTHS(3, 3) | EN);
	bench_run(&bench, 100);
	assert_int_equal(rd(SRAM + 0x100), 0x12345678);
	assert_int_equal(rd(SRAM + 0x104), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values),
		TEST(copies_memory),
		TEST(packs_and_unpacks),
		TEST(feeds_a_serial_port),
		TEST(another_channel_does_not_answer),
		TEST(receives_in_a_circle),
		TEST(two_buffers_in_turn),
		TEST(a_timer_paces_it),
		TEST(what_it_cannot_reach),
		TEST(the_higher_priority_goes_first),
		TEST(stopped_on_the_way),
		TEST(a_burst_the_fifo_cannot_hold),
		TEST(a_width_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
