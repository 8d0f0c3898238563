/* The CRC unit, the random numbers and the debug unit: RM0090 sections 4, 24, 38.16. */
#include "mcu_bench.h"

#include <string.h>

#define CRC_DR  0x40023000u
#define CRC_IDR 0x40023004u
#define CRC_CR  0x40023008u

#define RNG_CR 0x50060800u
#define RNG_SR 0x50060804u
#define RNG_DR 0x50060808u

#define DBGMCU 0xE0042000u

#define RCC_CR      0x40023800u
#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR    0x40023808u
#define AHB1ENR     0x40023830u
#define AHB2ENR     0x40023834u

#define IRQ_RNG 80

/* -- CRC ------------------------------------------------------------------------------- */

static void crc_registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0xFFFFFFFF, "DR" },
		{ 0x04, 0x00000000, "IDR" },
		{ 0x08, 0x00000000, "CR" },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, AHB1ENR, 1u << 12);
	bench_registers(&bench, "CRC", want, 3);
	bench_close(&bench);
}

/* CRC-32/MPEG-2, which has the check value 0x0376E6E7; these by another program */
static void crc_values(void **state)
{
	static const struct {
		uint32_t words[4];
		unsigned count;
		uint32_t crc;
	} rows[] = {
		{ { 0 }, 0, 0xFFFFFFFF },
		{ { 0x00000000 }, 1, 0xC704DD7B },
		{ { 0xFFFFFFFF }, 1, 0x00000000 },
		{ { 0x12345678 }, 1, 0xDF8A8A2B },
		{ { 0x31323334, 0x35363738 }, 2, 0x49E3C2FB },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, AHB1ENR, 1u << 12);
	bench_write(&bench, CRC_IDR, 0x1A5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bench_write(&bench, CRC_CR, 1);
		assert_int_equal(bench_read(&bench, CRC_CR), 0);
		for (unsigned k = 0; k < rows[i].count; k++)
			bench_write(&bench, CRC_DR, rows[i].words[k]);
		assert_int_equal(bench_read(&bench, CRC_DR), rows[i].crc);
	}
	bench_write(&bench, CRC_CR, 0); /* no reset */
	assert_int_equal(bench_read(&bench, CRC_DR), 0x49E3C2FB);
	assert_int_equal(bench_read(&bench, CRC_IDR), 0xA5);
	bench_close(&bench);
}

/* -- RNG ------------------------------------------------------------------------------- */

static void rng_registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0, "CR" },
		{ 0x04, 0, "SR" },
		{ 0x08, 0, "DR" },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, AHB2ENR, 1u << 6);
	bench_registers(&bench, "RNG", want, 3);
	bench_close(&bench);
}

/* 48 MHz from the PLL on HSI, the system on HSI */
static void rng_open(struct bench *bench)
{
	bench_open(bench);
	bench_write(bench, AHB2ENR, 1u << 6);
	bench_write(bench, RCC_PLLCFGR, 7u << 24 | 336u << 6 | 16);
	bench_write(bench, RCC_CR, 0x01000081);
	bench_run_ns(bench, 101000);
	assert_int_equal(mcu_hz(bench->mcu, MCU_PLL48CK), 48000000);
}

static void a_number_takes_40_periods(void **state)
{
	struct bench bench;
	uint32_t first, second, value;

	(void)state;
	rng_open(&bench);
	mcu_seed(bench.mcu, 1);
	bench_write(&bench, RNG_CR, 4);
	bench_run(&bench, 13); /* 812 ns */
	assert_int_equal(bench_read(&bench, RNG_SR), 0);
	assert_int_equal(bench_read(&bench, RNG_DR), 0);
	bench_run(&bench, 1); /* 875 ns; it takes 833 */
	assert_int_equal(bench_read(&bench, RNG_SR), 1);
	assert_true(mcu_peek(bench.mcu, RNG_DR, 4, &value));
	assert_int_equal(bench_read(&bench, RNG_SR), 1);
	first = bench_read(&bench, RNG_DR);
	assert_int_equal(first, value);
	assert_int_equal(bench_read(&bench, RNG_SR), 0);
	assert_int_equal(bench_read(&bench, RNG_DR), 0);
	bench_run(&bench, 14);
	assert_int_equal(bench_read(&bench, RNG_SR), 1);
	second = bench_read(&bench, RNG_DR);
	assert_int_not_equal(first, second);
	assert_false(bench.irq[IRQ_RNG]);
	bench_close(&bench);
}

static void a_seed_gives_the_same_numbers(void **state)
{
	uint32_t numbers[3][8];

	(void)state;
	for (unsigned run = 0; run < 3; run++) {
		struct bench bench;

		rng_open(&bench);
		mcu_seed(bench.mcu, run < 2 ? 42 : 43);
		bench_write(&bench, RNG_CR, 4);
		for (int i = 0; i < 8; i++) {
			bench_run(&bench, 14);
			numbers[run][i] = bench_read(&bench, RNG_DR);
		}
		bench_close(&bench);
	}
	assert_memory_equal(numbers[0], numbers[1], sizeof(numbers[0]));
	assert_memory_not_equal(numbers[0], numbers[2], sizeof(numbers[0]));
}

static void rng_interrupt(void **state)
{
	struct bench bench;

	(void)state;
	rng_open(&bench);
	bench_write(&bench, RNG_CR, 0xC);
	assert_false(bench.irq[IRQ_RNG]);
	bench_run(&bench, 14);
	assert_true(bench.irq[IRQ_RNG]);
	bench_read(&bench, RNG_DR);
	assert_false(bench.irq[IRQ_RNG]);
	bench_run(&bench, 14);
	assert_true(bench.irq[IRQ_RNG]);
	bench_write(&bench, RNG_CR, 8);
	assert_false(bench.irq[IRQ_RNG]);
	bench_run(&bench, 100);
	assert_int_equal(bench_read(&bench, RNG_SR), 0);
	bench_close(&bench);
}

/* 24.3.2 */
static void a_clock_that_is_wrong(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, AHB2ENR, 1u << 6);
	bench_write(&bench, RNG_CR, 0xC); /* no PLL, no clock */
	assert_int_equal(bench_read(&bench, RNG_SR), 0x22);
	assert_true(bench.irq[IRQ_RNG]);
	bench_write(&bench, RNG_SR, 0x40); /* zero clears CEIS */
	assert_int_equal(bench_read(&bench, RNG_SR), 0x02);
	assert_false(bench.irq[IRQ_RNG]);
	bench_write(&bench, RCC_PLLCFGR, 7u << 24 | 336u << 6 | 16);
	bench_write(&bench, RCC_CR, 0x01000081);
	bench_run_ns(&bench, 110000);
	assert_int_equal(bench_read(&bench, RNG_SR), 0x01);
	bench_write(&bench, RCC_CR, 0x00000081);
	bench_read(&bench, RNG_DR);
	bench_run(&bench, 1000);
	assert_int_equal(bench_read(&bench, RNG_SR), 0x22);
	bench_close(&bench);
}

static void rng_without_its_own_clock(void **state)
{
	struct bench bench;

	(void)state;
	rng_open(&bench);
	bench_write(&bench, RNG_CR, 4);
	bench_write(&bench, AHB2ENR, 0);
	bench_run(&bench, 1000);
	bench_write(&bench, AHB2ENR, 1u << 6);
	assert_int_equal(bench_read(&bench, RNG_SR), 0);
	bench_run(&bench, 14);
	assert_int_equal(bench_read(&bench, RNG_SR), 1);
	bench_close(&bench);
}

/* -- DBGMCU ------------------------------------------------------------------------------ */

static void dbgmcu_registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0x100F6413, "IDCODE" },
		{ 0x04, 0x00000000, "CR" },
		{ 0x08, 0x00000000, "APB1_FZ" },
		{ 0x0C, 0x00000000, "APB2_FZ" },
	};
	static const uint32_t ones[] = { 0x100F6413, 0xE7, 0x06E01DFF, 0x00070003 };
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_registers(&bench, "DBGMCU", want, 4);
	for (unsigned i = 0; i < 4; i++) {
		bench_write(&bench, DBGMCU + i * 4, 0xFFFFFFFF);
		assert_int_equal(bench_read(&bench, DBGMCU + i * 4), ones[i]);
	}
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	assert_int_equal(bench_read(&bench, DBGMCU + 4), 0xE7);
	mcu_reset_periphs(bench.mcu, MCU_RESET_POWER, 0);
	bench_registers(&bench, "DBGMCU", want, 4);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_registers),
		cmocka_unit_test(crc_values),
		cmocka_unit_test(rng_registers),
		cmocka_unit_test(a_number_takes_40_periods),
		cmocka_unit_test(a_seed_gives_the_same_numbers),
		cmocka_unit_test(rng_interrupt),
		cmocka_unit_test(a_clock_that_is_wrong),
		cmocka_unit_test(rng_without_its_own_clock),
		cmocka_unit_test(dbgmcu_registers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
