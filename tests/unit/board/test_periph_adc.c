/* The converters: RM0090 section 13. PCLK2 and HCLK run at 16 MHz, ADCCLK at 8. */
#include "one_bench.h"

#include "periph/pins.h"

#define ADC1 0x40012000u
#define ADC3 0x40012200u
#define CCR  0x40012304u
#define SR   0x00u
#define CR1  0x04u
#define CR2  0x08u
#define HTR  0x24u
#define SQR1 0x2Cu
#define SQR3 0x34u
#define JSQR 0x38u
#define JDR1 0x3Cu
#define DR   0x4Cu
#define TIM3 0x40000400u

#define SHORTEST (15 * 2) /* 3 and 12 clocks of half of HCLK */

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	bench_write(&bench, 0x40023844, 0x700); /* RCC_APB2ENR */
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 1, true);
	wr(CCR, 3u << 22);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

static void start(uint32_t adc, uint32_t more)
{
	wr(adc + CR2, 1u << 30 | 1 | more);
}

static unsigned convert(uint32_t adc, unsigned channel)
{
	wr(adc + SQR3, channel);
	start(adc, 0);
	bench_run(&bench, SHORTEST);
	assert_int_equal(rd(adc + SR) & 2, 2);
	return rd(adc + DR);
}

static void reset_values(void **state)
{
	(void)state;
	for (uint32_t at = 0; at <= DR; at += 4)
		assert_int_equal(rd(ADC3 + at), at == HTR ? 0xFFF : 0);
}

static void a_conversion_takes_its_time(void **state)
{
	(void)state;
	wr(ADC1 + SQR3, 17);
	wr(ADC1 + CR1, 0x20);
	start(ADC1, 0);
	bench_run(&bench, SHORTEST - 1);
	assert_int_equal(rd(ADC1 + SR), 0x10);
	bench_run(&bench, 1);
	assert_true(bench.irq[18]);
	assert_int_equal(rd(ADC1 + SR), 0x12);
	rd(ADC1 + DR);
	assert_false(bench.irq[18]);
	wr(ADC1 + 0x0C, 7u << 21); /* channel 17: 480 clocks */
	start(ADC1, 0);
	bench_run(&bench, 492 * 2 - 1);
	assert_int_equal(rd(ADC1 + SR) & 2, 0);
	bench_run(&bench, 1);
	assert_int_equal(rd(ADC1 + SR) & 2, 2);
}

static void inner_channels(void **state)
{
	(void)state;
	assert_in_range(convert(ADC1, 16), 1030, 1045);
	assert_in_range(convert(ADC1, 17), 1645, 1660);
	assert_in_range(convert(ADC1, 18), 2040, 2055);
	assert_int_equal(convert(ADC3, 17), 0); /* they are ADC1's */
	wr(CCR, 0);
	assert_int_equal(convert(ADC1, 16), 0);
	wr(ADC1 + CR2, 0);
	wr(ADC1 + CR2, 1u << 30); /* off: nothing happens */
	bench_run(&bench, 1000);
	assert_int_equal(rd(ADC1 + DR), 0);
}

static void pins_and_formats(void **state)
{
	(void)state;
	pins_drive(bench.mcu, PIN('A', 1), PIN_HIGH);
	pins_drive(bench.mcu, PIN('F', 6), PIN_HIGH);
	assert_int_equal(convert(ADC1, 1), 4095);
	assert_int_equal(convert(ADC1, 4), 0);
	assert_int_equal(convert(ADC3, 4), 4095);
	wr(ADC1 + CR1, 2u << 24); /* 8 bits */
	assert_int_equal(convert(ADC1, 1), 255);
	wr(ADC1 + SQR3, 1);
	start(ADC1, 0x800);
	bench_run(&bench, SHORTEST);
	assert_int_equal(rd(ADC1 + DR), 0xFF00);
}

static void a_scan_with_the_dma(void **state)
{
	(void)state;
	wr(ADC1 + CR1, 0x100);
	wr(ADC1 + SQR1, 1u << 20);
	wr(ADC1 + SQR3, 16 | 17 << 5);
	start(ADC1, 0x100);
	bench_run(&bench, SHORTEST);
	assert_true(mcu_dma_requested(bench.mcu, MCU_DMA_ADC1));
	assert_in_range(rd(ADC1 + DR), 1030, 1045);
	mcu_dma_served(bench.mcu, MCU_DMA_ADC1);
	bench_run(&bench, SHORTEST);
	assert_in_range(rd(ADC1 + DR), 1645, 1660);
	bench_run(&bench, SHORTEST * 4);
	assert_int_equal(rd(ADC1 + SR) & 0x22, 0);
}

static void what_nobody_takes_overruns(void **state)
{
	(void)state;
	wr(ADC1 + SQR3, 17);
	wr(ADC1 + CR1, 1u << 26);
	start(ADC1, 0x402); /* each, continuously */
	bench_run(&bench, SHORTEST);
	assert_false(bench.irq[18]);
	bench_run(&bench, SHORTEST);
	assert_true(bench.irq[18]);
	wr(ADC1 + SR, 0);
	assert_false(bench.irq[18]);
}

static void injected_channels(void **state)
{
	(void)state;
	wr(ADC1 + CR1, 0x180); /* SCAN, JEOCIE */
	wr(ADC1 + JSQR, 1u << 20 | 16u << 10 | 17u << 15);
	wr(ADC1 + 0x18, 100); /* JOFR2 */
	wr(ADC1 + CR2, 1u << 22 | 1);
	bench_run(&bench, SHORTEST * 2);
	assert_true(bench.irq[18]);
	assert_in_range(rd(ADC1 + JDR1), 1030, 1045);
	assert_in_range(rd(ADC1 + JDR1 + 4), 1545, 1560);
}

static void the_watchdog(void **state)
{
	(void)state;
	wr(ADC1 + HTR, 1500);
	wr(ADC1 + CR1, 1u << 23 | 0x40);
	convert(ADC1, 16);
	assert_false(bench.irq[18]);
	convert(ADC1, 17);
	assert_true(bench.irq[18]);
}

static void a_timer_starts_it(void **state)
{
	(void)state;
	wr(ADC1 + SQR3, 17);
	wr(ADC1 + CR2, 1 | 8u << 24 | 1u << 28); /* TIM3's TRGO */
	wr(TIM3 + 0x2C, 999);
	wr(TIM3 + 0x04, 0x20);
	wr(TIM3, 1);
	bench_run(&bench, 1001);
	assert_int_equal(rd(ADC1 + SR), 0x10);
	bench_run(&bench, SHORTEST);
	assert_int_equal(rd(ADC1 + SR), 0x12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset_values),        TEST(a_conversion_takes_its_time),
		TEST(inner_channels),      TEST(pins_and_formats),
		TEST(a_scan_with_the_dma), TEST(what_nobody_takes_overruns),
		TEST(injected_channels),   TEST(the_watchdog),
		TEST(a_timer_starts_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
