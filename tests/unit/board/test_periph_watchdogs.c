/* The two watchdogs: the rules of RM0090 sections 21 and 22. */
#include "mcu_bench.h"

#include <string.h>

#define KR  0x40003000u
#define PR  0x40003004u
#define RLR 0x40003008u
#define ISR 0x4000300Cu

#define WCR  0x40002C00u
#define WCFR 0x40002C04u
#define WSR  0x40002C08u

#define CFGR    0x40023808u
#define APB1ENR 0x40023840u
#define CSR     0x40023874u

#define IRQ_WWDG 0
#define MS       1000000

static void iwdg_registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0x000, "KR" },
		{ 0x04, 0x000, "PR" },
		{ 0x08, 0xFFF, "RLR" },
		{ 0x0C, 0x000, "SR" },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_registers(&bench, "IWDG", want, 4);
	bench_close(&bench);
}

static void iwdg_start(struct bench *bench, uint32_t pr, uint32_t rlr)
{
	bench_write(bench, KR, 0xCCCC);
	bench_write(bench, KR, 0x5555);
	bench_write(bench, PR, pr);
	bench_write(bench, RLR, rlr);
	assert_int_equal(bench_read(bench, ISR), 3);
	/* the LSI gets up in 15 us, and five cycles of it are 156 us */
	bench_run_ns(bench, 172000);
	assert_int_equal(bench_read(bench, ISR), 0);
	assert_int_equal(bench_read(bench, PR), pr);
	assert_int_equal(bench_read(bench, RLR), rlr);
	bench_write(bench, KR, 0xAAAA);
}

/* RM0090 table 107, for 32 kHz: (RLR + 1) * 4 * 2^PR / 32 ms */
static void iwdg_times(void **state)
{
	static const struct {
		uint32_t pr, rlr;
		int64_t ns;
	} rows[] = {
		{ 0, 0, 125000 },
		{ 0, 0xFFF, 512 * (int64_t)MS },
		{ 1, 999, 250 * (int64_t)MS },
		{ 4, 499, 1000 * (int64_t)MS },
		{ 6, 0xFFF, 32768 * (int64_t)MS },
		{ 7, 0xFFF, 32768 * (int64_t)MS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;

		bench_open(&bench);
		iwdg_start(&bench, rows[i].pr, rows[i].rlr);
		bench_run_ns(&bench, rows[i].ns - 1000);
		assert_int_equal(bench.resets, 0);
		bench_run_ns(&bench, 1000);
		assert_int_equal(bench.resets, 1);
		assert_int_equal(bench.why, MCU_RESET_IWDG);
		bench_close(&bench);
	}
}

static void iwdg_is_fed(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	iwdg_start(&bench, 0, 0xFFF);
	for (int i = 0; i < 5; i++) {
		bench_run_ns(&bench, (int64_t)511 * MS);
		bench_write(&bench, KR, 0xAAAA);
	}
	assert_int_equal(bench.resets, 0);
	bench_write(&bench, KR, 0xBBBB); /* no food */
	bench_run_ns(&bench, (int64_t)512 * MS);
	assert_int_equal(bench.resets, 1);
	bench_close(&bench);
}

/* 21.3: it starts from 0xFFF, whatever was in RLR. */
static void iwdg_starts_from_the_top(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, KR, 0xCCCC);
	bench_run_ns(&bench, (int64_t)512 * MS);
	assert_int_equal(bench.resets, 0); /* the LSI had to get up */
	bench_run_ns(&bench, 16000);
	assert_int_equal(bench.resets, 1);
	bench_close(&bench);
}

static void iwdg_access(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_write(&bench, PR, 3); /* without the key */
	bench_write(&bench, RLR, 7);
	assert_int_equal(bench_read(&bench, ISR), 0);
	bench_write(&bench, KR, 0x5555);
	bench_write(&bench, KR, 0xAAAA); /* which locks it again */
	bench_write(&bench, PR, 3);
	assert_int_equal(bench_read(&bench, ISR), 0);
	bench_write(&bench, KR, 0x5555);
	bench_write(&bench, PR, 3);
	assert_int_equal(bench_read(&bench, ISR), 1);
	bench_run_ns(&bench, (int64_t)10 * MS); /* no LSI: it does not arrive */
	assert_int_equal(bench_read(&bench, ISR), 1);
	assert_int_equal(bench_read(&bench, PR), 0);
	bench_write(&bench, PR, 5); /* too early */
	bench_write(&bench, CSR, 1);
	bench_run_ns(&bench, 172000);
	assert_int_equal(bench_read(&bench, ISR), 0);
	assert_int_equal(bench_read(&bench, PR), 3);
	bench_write(&bench, PR, 5);
	bench_run_ns(&bench, 157000);
	assert_int_equal(bench_read(&bench, PR), 5);
	assert_int_equal(bench.resets, 0);
	bench_close(&bench);
}

static void iwdg_is_not_stopped(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	iwdg_start(&bench, 0, 0xFFF);
	bench_write(&bench, CSR, 0); /* LSION was never set, and LSI runs */
	assert_int_equal(bench_read(&bench, CSR) & 3, 2);
	bench_write(&bench, CFGR, 0xF0); /* nor is HCLK any of its business */
	bench_run_ns(&bench, (int64_t)512 * MS);
	assert_int_equal(bench.resets, 1);
	mcu_reset_periphs(bench.mcu, MCU_RESET_IWDG, 0);
	assert_int_equal(bench_read(&bench, RLR), 0xFFF);
	bench_run_ns(&bench, (int64_t)2000 * MS);
	assert_int_equal(bench.resets, 1); /* the reset did */
	assert_int_equal(bench_read(&bench, CSR), 0x2E000000);
	bench_close(&bench);
}

static void iwdg_by_the_option_bytes(void **state)
{
	struct flash_op op = { .kind = FLASH_OP_OPTIONS };
	struct bench bench;

	(void)state;
	bench_open(&bench);
	memset(op.data, 0xFF, OPTION_BYTES);
	op.data[0] = 0xCF; /* WDG_SW is clear */
	op.data[1] = 0xAA;
	flash_op_finish(bench.flash, &op);
	for (unsigned i = 1; i < 4; i++) {
		mcu_reset_periphs(bench.mcu, i == 1 ? MCU_RESET_POWER : MCU_RESET_IWDG,
				  0);
		bench_run_ns(&bench, (int64_t)511 * MS);
		assert_int_equal(bench.resets, i - 1);
		bench_run_ns(&bench, (int64_t)2 * MS);
		assert_int_equal(bench.resets, i);
		assert_int_equal(bench.why, MCU_RESET_IWDG);
	}
	bench_close(&bench);
}

/* -- the window watchdog ------------------------------------------------------------------ */

static void wwdg_open(struct bench *bench)
{
	bench_open(bench);
	bench_write(bench, APB1ENR, 1u << 11);
}

static void wwdg_registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0x7F, "CR" },
		{ 0x04, 0x7F, "CFR" },
		{ 0x08, 0x00, "SR" },
	};
	struct bench bench;

	(void)state;
	wwdg_open(&bench);
	bench_registers(&bench, "WWDG", want, 3);
	bench_write(&bench, WCFR, 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, WCFR), 0x3FF);
	bench_write(&bench, WCFR, 0); /* EWI stays */
	assert_int_equal(bench_read(&bench, WCFR), 0x200);
	bench_write(&bench, WCR, 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, WCR), 0xFF);
	bench_close(&bench);
}

static void wwdg_counts_pclk1(void **state)
{
	static const struct {
		uint32_t wdgtb, cfgr;
		int64_t step; /* in cycles of HCLK */
	} rows[] = {
		{ 0, 0, 4096 },
		{ 1, 0, 8192 },
		{ 3, 0, 32768 },
		{ 0, 5u << 10, 4 * 4096 },
		{ 2, 7u << 10, 16 * 16384 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;

		bench_open(&bench);
		bench_write(&bench, CFGR, rows[i].cfgr);
		bench_write(&bench, APB1ENR, 1u << 11);
		bench_write(&bench, WCFR, rows[i].wdgtb << 7 | 0x7F);
		bench_run(&bench, rows[i].step - 1);
		assert_int_equal(bench_read(&bench, WCR), 0x7F);
		bench_run(&bench, 1);
		assert_int_equal(bench_read(&bench, WCR), 0x7E); /* off, and counts */
		bench_write(&bench, WCR, 0xC3);
		bench_run(&bench, 3 * rows[i].step - 1);
		assert_int_equal(bench_read(&bench, WSR), 0);
		bench_run(&bench, 1);
		assert_int_equal(bench_read(&bench, WSR), 1);
		assert_int_equal(bench_read(&bench, WCR), 0xC0);
		bench_run(&bench, rows[i].step - 1);
		assert_int_equal(bench.resets, 0);
		bench_run(&bench, 1);
		assert_int_equal(bench.resets, 1);
		assert_int_equal(bench.why, MCU_RESET_WWDG);
		bench_close(&bench);
	}
}

static void wwdg_early_wakeup(void **state)
{
	struct bench bench;

	(void)state;
	wwdg_open(&bench);
	bench_write(&bench, WCFR, 0x27F);
	bench_write(&bench, WCR, 0xC1);
	bench_run(&bench, 4096);
	assert_true(bench.irq[IRQ_WWDG]);
	bench_write(&bench, WCR, 0xC1); /* fed in the interrupt */
	bench_write(&bench, WSR, 1);    /* which a one does not clear */
	assert_true(bench.irq[IRQ_WWDG]);
	bench_write(&bench, WSR, 0);
	assert_false(bench.irq[IRQ_WWDG]);
	bench_run(&bench, 4096);
	assert_true(bench.irq[IRQ_WWDG]);
	assert_int_equal(bench.resets, 0);
	bench_close(&bench);
}

static void wwdg_window(void **state)
{
	static const struct {
		uint32_t first, cfr, cr;
		int64_t steps; /* before the second write */
		unsigned resets;
	} rows[] = {
		{ 0xFF, 0x50, 0xFF, 0x2E, 1 }, /* at 0x51: too early */
		{ 0xFF, 0x50, 0xFF, 0x2F, 0 }, /* at 0x50 */
		{ 0x7F, 0x50, 0xFF, 1, 0 },    /* it was not on */
		{ 0xFF, 0x7F, 0xBF, 1, 1 },    /* T6 is clear */
		{ 0x7F, 0x7F, 0x3F, 1, 0 },    /* not on */
		{ 0xFF, 0x7F, 0x7F, 1, 0 },    /* WDGA stays */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;

		wwdg_open(&bench);
		bench_write(&bench, WCFR, rows[i].cfr);
		bench_write(&bench, WCR, rows[i].first);
		bench_run(&bench, rows[i].steps * 4096);
		bench_write(&bench, WCR, rows[i].cr);
		assert_int_equal(bench.resets, rows[i].resets);
		assert_int_equal(bench_read(&bench, WCR),
				 rows[i].cr | (rows[i].first & 0x80));
		bench_close(&bench);
	}
}

static void wwdg_stands_still_without_its_clock(void **state)
{
	struct bench bench;

	(void)state;
	wwdg_open(&bench);
	bench_write(&bench, WCR, 0xC2);
	bench_run(&bench, 4096);
	bench_write(&bench, APB1ENR, 0);
	bench_run(&bench, 100 * 4096);
	bench_write(&bench, APB1ENR, 1u << 11);
	assert_int_equal(bench_read(&bench, WCR), 0xC1);
	bench_write(&bench, CFGR, 4u << 10); /* PCLK1 / 2 */
	bench_run(&bench, 2 * 8192 - 1);
	assert_int_equal(bench.resets, 0);
	bench_run(&bench, 1);
	assert_int_equal(bench.resets, 1);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(iwdg_registers),
		cmocka_unit_test(iwdg_times),
		cmocka_unit_test(iwdg_is_fed),
		cmocka_unit_test(iwdg_starts_from_the_top),
		cmocka_unit_test(iwdg_access),
		cmocka_unit_test(iwdg_is_not_stopped),
		cmocka_unit_test(iwdg_by_the_option_bytes),
		cmocka_unit_test(wwdg_registers),
		cmocka_unit_test(wwdg_counts_pclk1),
		cmocka_unit_test(wwdg_early_wakeup),
		cmocka_unit_test(wwdg_window),
		cmocka_unit_test(wwdg_stands_still_without_its_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
