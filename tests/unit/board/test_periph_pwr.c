/* Power control: the rules of RM0090 section 5. */
#include "mcu_bench.h"

#include <string.h>

#include "periph/pins.h"
#include "periph/pwr.h"

#define CR      0x40007000u
#define CSR     0x40007004u
#define APB1ENR 0x40023840u

static void start(struct bench *bench)
{
	bench_open(bench);
	bench_write(bench, APB1ENR, 1u << 28);
}

static void registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0x00004000, "CR" },
		{ 0x04, 0x00000000, "CSR" },
	};
	struct bench bench;

	(void)state;
	start(&bench);
	bench_registers(&bench, "PWR", want, 2);
	bench_write(&bench, CR, 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, CR), 0x43F3);
	bench_write(&bench, CSR, 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, CSR), 0x0300);
	bench_close(&bench);
}

static void regulators_take_their_time(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	bench_run_ns(&bench, 40000);
	assert_int_equal(bench_read(&bench, CSR), 0x4000);
	bench_write(&bench, CR, 0x4100); /* VOS stays */
	assert_int_equal(bench_read(&bench, CSR), 0x4000);
	bench_write(&bench, CR, 0);
	assert_int_equal(bench_read(&bench, CSR), 0);
	bench_run_ns(&bench, 39000);
	assert_int_equal(bench_read(&bench, CSR), 0);
	bench_run_ns(&bench, 1000);
	assert_int_equal(bench_read(&bench, CSR), 0x4000);
	bench_write(&bench, CSR, 0x200);
	assert_int_equal(bench_read(&bench, CSR), 0x4200);
	bench_run_ns(&bench, 50000);
	assert_int_equal(bench_read(&bench, CSR), 0x4208);
	assert_true(pwr_bre(bench.mcu));
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	bench_write(&bench, APB1ENR, 1u << 28);
	assert_int_equal(bench_read(&bench, CSR), 0x0208);
	bench_write(&bench, CSR, 0);
	assert_int_equal(bench_read(&bench, CSR), 0);
	bench_close(&bench);
}

static void stop_mode(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	assert_int_equal(pwr_deep_sleep(bench.mcu), MCU_STOP);
	assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK1), 0);
	pwr_wakeup(bench.mcu);
	pwr_wake(bench.mcu);
	assert_int_equal(mcu_hz(bench.mcu, MCU_PCLK1), 16000000);
	assert_int_equal(bench.resets, 0);
	assert_int_equal(bench_read(&bench, CSR) & 3, 1); /* WUF, not SBF */
	bench_write(&bench, CR, 0x4004);
	assert_int_equal(bench_read(&bench, CSR) & 3, 0);
	assert_int_equal(bench_read(&bench, CR), 0x4000);
	bench_close(&bench);
}

static void standby_ends_with_a_reset(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	bench_write(&bench, CR, 0x4102);
	assert_int_equal(pwr_deep_sleep(bench.mcu), MCU_STANDBY);
	assert_int_equal(bench.resets, 0);
	pwr_wakeup(bench.mcu);
	assert_int_equal(bench.resets, 1);
	assert_int_equal(bench.why, MCU_RESET_STANDBY);
	mcu_reset_periphs(bench.mcu, MCU_RESET_STANDBY, 0);
	bench_write(&bench, APB1ENR, 1u << 28);
	assert_int_equal(bench_read(&bench, CR), 0x4000);
	assert_int_equal(bench_read(&bench, CSR), 3);
	mcu_reset_periphs(bench.mcu, MCU_RESET_PIN, 0); /* keeps them */
	bench_write(&bench, APB1ENR, 1u << 28);
	assert_int_equal(bench_read(&bench, CSR), 3);
	bench_write(&bench, CR, 0x4008);
	assert_int_equal(bench_read(&bench, CSR), 1);
	/* the flag still up: it does not stay in Standby */
	bench_write(&bench, CR, 0x4002);
	assert_int_equal(pwr_deep_sleep(bench.mcu), MCU_STANDBY);
	assert_int_equal(bench.resets, 2);
	mcu_reset_periphs(bench.mcu, MCU_RESET_POWER, 0);
	bench_write(&bench, APB1ENR, 1u << 28);
	assert_int_equal(bench_read(&bench, CSR), 0);
	bench_close(&bench);
}

static void the_wkup_pin(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	pins_drive(bench.mcu, PIN('A', 0), PIN_LOW);
	pins_drive(bench.mcu, PIN('A', 0), PIN_HIGH);
	assert_int_equal(bench_read(&bench, CSR) & 3, 0); /* EWUP is clear */
	bench_write(&bench, CSR, 0x100);
	bench_write(&bench, CR, 0x4002);
	assert_int_equal(pwr_deep_sleep(bench.mcu), MCU_STANDBY);
	pins_drive(bench.mcu, PIN('A', 0), PIN_LOW);
	assert_int_equal(bench.resets, 0);
	pins_drive(bench.mcu, PIN('A', 0), PIN_HIGH);
	assert_int_equal(bench.resets, 1);
	assert_int_equal(bench.why, MCU_RESET_STANDBY);
	bench_close(&bench);
}

/* RM0090 table 14: nRST_STOP and nRST_STDBY */
static void options_forbid_deep_sleep(void **state)
{
	static const struct {
		uint8_t user;
		uint32_t cr;
		unsigned resets;
	} rows[] = {
		{ 0xEF, 0x4000, 0 }, { 0xEF, 0x4002, 0 }, { 0xAF, 0x4000, 1 },
		{ 0xAF, 0x4002, 0 }, { 0x6F, 0x4000, 0 }, { 0x6F, 0x4002, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flash_op op = { .kind = FLASH_OP_OPTIONS };
		struct bench bench;

		start(&bench);
		memset(op.data, 0xFF, OPTION_BYTES);
		op.data[0] = rows[i].user;
		op.data[1] = 0xAA;
		flash_op_finish(bench.flash, &op);
		bench_write(&bench, CR, rows[i].cr);
		pwr_deep_sleep(bench.mcu);
		assert_int_equal(bench.resets, rows[i].resets);
		if (bench.resets)
			assert_int_equal(bench.why, MCU_RESET_LOW_POWER);
		bench_close(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(regulators_take_their_time),
		cmocka_unit_test(stop_mode),
		cmocka_unit_test(standby_ends_with_a_reset),
		cmocka_unit_test(the_wkup_pin),
		cmocka_unit_test(options_forbid_deep_sleep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
