/* The DAC (RM0090 section 14), and the ADC at its pins. */
#include "mcu_bench.h"

#define DAC     0x40007400u
#define CR      0x00u
#define SWTRIGR 0x04u
#define DHR12R1 0x08u
#define DHR12L1 0x0Cu
#define DHR8R1  0x10u
#define DHR12R2 0x14u
#define DHR12RD 0x20u
#define DHR12LD 0x24u
#define DHR8RD  0x28u
#define DOR1    0x2Cu
#define DOR2    0x30u
#define SR      0x34u

#define EN       0x0001u
#define TEN      0x0004u
#define BY_TIM6  0x0000u
#define BY_HAND  0x0038u
#define NOISE    0x0040u
#define TRIANGLE 0x0080u
#define DMAEN    0x1000u
#define DMAUDRIE 0x2000u
#define DMAUDR   0x2000u
#define IRQ      54

#define DMA1 0x40026000u
#define S5   0x88u /* stream 5 */
#define SRAM 0x20000000u
#define TIM6 0x40001000u
#define ADC1 0x40012000u

static struct bench bench;

static uint32_t rd(uint32_t offset)
{
	return bench_read(&bench, DAC + offset);
}

static void wr(uint32_t offset, uint32_t value)
{
	bench_write(&bench, DAC + offset, value);
}

static void trigger(void)
{
	mcu_trigger(bench.mcu, 6, MCU_TRGO);
}

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 29, true);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bench_close(&bench);
	return 0;
}

static void formats(void **state)
{
	(void)state;
	wr(CR, EN | EN << 16);
	wr(DHR12R1, 0xFABC);
	assert_int_equal(rd(DOR1), 0xABC);
	assert_int_equal(rd(DHR12L1), 0xABC0);
	assert_int_equal(rd(DHR8R1), 0xAB);
	wr(DHR12L1, 0x123F);
	assert_int_equal(rd(DOR1), 0x123);
	wr(DHR8R1, 0x45);
	assert_int_equal(rd(DOR1), 0x450);
	wr(DHR12R2, 0x777);
	assert_int_equal(rd(DOR1), 0x450);
	assert_int_equal(rd(DOR2), 0x777);
	wr(DHR12RD, 0x01230456);
	assert_int_equal(rd(DOR1), 0x456);
	assert_int_equal(rd(DOR2), 0x123);
	wr(DHR12LD, 0xABC0DEF0);
	assert_int_equal(rd(DOR1), 0xDEF);
	assert_int_equal(rd(DOR2), 0xABC);
	wr(DHR8RD, 0x1234);
	assert_int_equal(rd(DHR12RD), 0x01200340);
}

static void triggers(void **state)
{
	(void)state;
	wr(CR, EN | TEN | BY_HAND);
	wr(DHR12R1, 0x100);
	assert_int_equal(rd(DOR1), 0);
	wr(SWTRIGR, 2); /* the other channel's */
	assert_int_equal(rd(DOR1), 0);
	wr(SWTRIGR, 1);
	assert_int_equal(rd(DOR1), 0x100);
	assert_int_equal(rd(SWTRIGR), 0);
	wr(DHR12R1, 0x200);
	trigger();
	assert_int_equal(rd(DOR1), 0x100);
	wr(CR, EN | TEN | BY_TIM6);
	mcu_trigger(bench.mcu, 7, MCU_TRGO);
	assert_int_equal(rd(DOR1), 0x100);
	trigger();
	assert_int_equal(rd(DOR1), 0x200);
}

static void waves(void **state)
{
	static const uint16_t up_and_down[] = { 8, 9, 10, 11, 10, 9, 8, 9 };

	(void)state;
	wr(CR, EN | TEN | TRIANGLE | 1u << 8); /* amplitude 3 */
	wr(DHR12R1, 8);
	for (unsigned i = 0; i < 8; i++) {
		trigger();
		assert_int_equal(rd(DOR1), up_and_down[i]);
	}
	wr(CR, (EN | TEN | NOISE | 11u << 8) << 16);
	wr(DHR12R2, 0);
	trigger();
	assert_int_equal(rd(DOR2), 0xAAA);
	trigger();
	assert_int_equal(rd(DOR2), 0xD55); /* 0 ^ 1 ^ 0 ^ 0 comes in */
	wr(DHR12R2, 0xFFF);
	trigger();
	assert_int_equal(rd(DOR2), 0xFFF);
}

/* TIM6, DMA1 stream 5 channel 7 and the DAC: a wave from memory, again and again */
static void wave_from_memory(void **state)
{
	static const uint16_t wave[] = { 0x111, 0x222, 0x333, 0x444 };

	(void)state;
	mcu_periph_clock(bench.mcu, PERIPH_APB1, 4, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 21, true);
	for (unsigned i = 0; i < 4; i++)
		mcu_write(bench.mcu, SRAM + 2 * i, 2, wave[i]);
	bench_write(&bench, DMA1 + S5 + 8, DAC + DHR12R1);
	bench_write(&bench, DMA1 + S5 + 12, SRAM);
	bench_write(&bench, DMA1 + S5 + 4, 4);
	/* channel 7, half words, counting up the memory, circular, to the peripheral */
	bench_write(&bench, DMA1 + S5, 7u << 25 | 0x2D41);
	wr(CR, EN | TEN | DMAEN);
	bench_write(&bench, TIM6 + 0x04, 0x20); /* MMS: update */
	bench_write(&bench, TIM6 + 0x2C, 99);
	bench_write(&bench, TIM6, 1);
	bench_run(&bench, 150); /* the first trigger only asks for data */
	for (unsigned i = 0; i < 9; i++) {
		bench_run(&bench, 100);
		assert_int_equal(rd(DOR1), wave[i % 4]);
	}
	assert_int_equal(rd(SR), 0);
}

static void underrun(void **state)
{
	(void)state;
	wr(CR, EN | TEN | DMAEN | DMAUDRIE); /* and no stream */
	trigger();
	assert_int_equal(rd(SR), 0);
	trigger();
	assert_int_equal(rd(SR), DMAUDR);
	assert_true(bench.irq[IRQ]);
	wr(SR, DMAUDR);
	assert_int_equal(rd(SR), 0);
	assert_false(bench.irq[IRQ]);
	wr(CR, 0); /* forgets the request */
	wr(CR, EN | TEN | DMAEN);
	trigger();
	assert_int_equal(rd(SR), 0);
}

/* PA4 is the output of channel 1 and the ADC's input 4 */
static void the_adc_sees_it(void **state)
{
	(void)state;
	bench_write(&bench, 0x40023844, 0x100); /* RCC_APB2ENR: ADC1 */
	wr(CR, EN);
	wr(DHR12R1, 0x5A5);
	bench_write(&bench, ADC1 + 0x34, 4);
	bench_write(&bench, ADC1 + 0x08, 1);
	bench_write(&bench, ADC1 + 0x08, 1 | 1u << 30);
	bench_run(&bench, 1000);
	assert_int_equal(bench_read(&bench, ADC1 + 0x4C), 0x5A5);
	wr(CR, 0);
	bench_write(&bench, ADC1 + 0x08, 1 | 1u << 30);
	bench_run(&bench, 1000);
	assert_int_equal(bench_read(&bench, ADC1 + 0x4C), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(formats, set_up, tear_down),
		cmocka_unit_test_setup_teardown(triggers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waves, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wave_from_memory, set_up, tear_down),
		cmocka_unit_test_setup_teardown(underrun, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_adc_sees_it, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
