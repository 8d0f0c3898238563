/* The real-time clock: the rules of RM0090 section 26. */
#include "rtc_bench.h"

#include "periph/calendar.h"
#include "periph/pwr.h"

#define RCC_CFGR 0x40023808u

static void registers(void **state)
{
	static const struct periph_reg want[] = {
		{ 0x00, 0x00000000, "TR" },
		{ 0x04, 0x00002101, "DR" },
		{ 0x08, 0x00000000, "CR" },
		{ 0x0C, 0x00000007, "ISR" },
		{ 0x10, 0x007F00FF, "PRER" },
		{ 0x14, 0x0000FFFF, "WUTR" },
		{ 0x18, 0x00000000, "CALIBR" },
		{ 0x1C, 0x00000000, "ALRMAR" },
		{ 0x20, 0x00000000, "ALRMBR" },
		{ 0x24, 0x00000000, "WPR" },
		{ 0x28, 0x00000000, "SSR" },
		{ 0x2C, 0x00000000, "SHIFTR" },
		{ 0x30, 0x00000000, "TSTR" },
		{ 0x34, 0x00000000, "TSDR" },
		{ 0x38, 0x00000000, "TSSSR" },
		{ 0x3C, 0x00000000, "CALR" },
		{ 0x40, 0x00000000, "TAFCR" },
		{ 0x44, 0x00000000, "ALRMASSR" },
		{ 0x48, 0x00000000, "ALRMBSSR" },
		{ 0x50, 0, "BKP0R" },
		{ 0x54, 0, "BKP1R" },
		{ 0x58, 0, "BKP2R" },
		{ 0x5C, 0, "BKP3R" },
		{ 0x60, 0, "BKP4R" },
		{ 0x64, 0, "BKP5R" },
		{ 0x68, 0, "BKP6R" },
		{ 0x6C, 0, "BKP7R" },
		{ 0x70, 0, "BKP8R" },
		{ 0x74, 0, "BKP9R" },
		{ 0x78, 0, "BKP10R" },
		{ 0x7C, 0, "BKP11R" },
		{ 0x80, 0, "BKP12R" },
		{ 0x84, 0, "BKP13R" },
		{ 0x88, 0, "BKP14R" },
		{ 0x8C, 0, "BKP15R" },
		{ 0x90, 0, "BKP16R" },
		{ 0x94, 0, "BKP17R" },
		{ 0x98, 0, "BKP18R" },
		{ 0x9C, 0, "BKP19R" },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	bench_registers(&bench, "RTC", want, sizeof(want) / sizeof(want[0]));
	bench_close(&bench);
}

/* What all ones leave: without DBP, with DBP, and behind the keys; INITF is clear. */
static void write_protection(void **state)
{
	static const struct {
		uint32_t at, reset, domain, open;
	} rows[] = {
		{ TR, 0, 0, 0 },
		{ DR, 0x2101, 0x2101, 0x2101 },
		{ PRER, 0x7F00FF, 0x7F00FF, 0x7F00FF },
		{ WUTR, 0xFFFF, 0xFFFF, 0xFFFF },
		{ RTC + 0x18, 0, 0, 0 },
		{ ALRMAR, 0, 0, 0xFFFFFFFF },
		{ ALRMBR, 0, 0, 0xFFFFFFFF },
		{ SHIFTR, 0, 0, 0 },
		{ RTC + 0x30, 0, 0, 0 },
		{ RTC + 0x3C, 0, 0, 0xE1FF },
		{ RTC + 0x40, 0, 0x0007FF9F, 0x0007FF9F },
		{ ALRMASSR, 0, 0, 0x0F007FFF },
		{ BKP(0), 0, 0xFFFFFFFF, 0xFFFFFFFF },
		{ BKP(19), 0, 0xFFFFFFFF, 0xFFFFFFFF },
		{ BKP(20), 0, 0, 0 },
	};
	struct bench bench;

	(void)state;
	bench_open(&bench);
	for (unsigned step = 0; step < 4; step++) {
		if (step == 1)
			unlock_domain(&bench);
		if (step == 3)
			unlock(&bench);
		if (step == 2) { /* keys in the wrong order, or one too many */
			bench_write(&bench, WPR, 0x53);
			bench_write(&bench, WPR, 0xCA);
			bench_write(&bench, WPR, 0xFF);
			bench_write(&bench, WPR, 0x53);
		}
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			bench_write(&bench, rows[i].at, 0xFFFFFFFF);
			assert_int_equal(bench_read(&bench, rows[i].at),
					 step == 0  ? rows[i].reset
					 : step < 3 ? rows[i].domain
						    : rows[i].open);
		}
		bench_read(&bench, DR);
	}
	bench_write(&bench, WPR, 0xFF);
	bench_write(&bench, ALRMAR, 0);
	assert_int_equal(bench_read(&bench, ALRMAR), 0xFFFFFFFF);
	bench_close(&bench);
}

static void it_counts_seconds(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	bench_run_ns(&bench, 10 * SECOND - 1000);
	assert_int_equal(bench_read(&bench, TR), 0x09);
	assert_int_equal(bench_read(&bench, DR), 0x2101);
	bench_run_ns(&bench, 1000);
	assert_int_equal(bench_read(&bench, TR), 0x10);
	bench_read(&bench, DR);
	bench_run_ns(&bench, 50 * SECOND);
	assert_int_equal(bench_read(&bench, TR), 0x100);
	assert_int_equal(bench_read(&bench, SSR), 0xFF);
	bench_run_ns(&bench, SECOND / 2);
	assert_int_equal(bench_read(&bench, SSR), 0x7F);
	bench_close(&bench);
}

static void initialization(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	bench_run_ns(&bench, TWO_NS);
	assert_int_equal(bench_read(&bench, ISR), 7 | RSF);
	bench_write(&bench, TR, 0x123456); /* not in initialization mode */
	assert_int_equal(bench_read(&bench, TR), 0);
	bench_write(&bench, ISR, 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, ISR), 7 | INIT);
	bench_run_ns(&bench, TWO_NS - 1000);
	assert_int_equal(bench_read(&bench, ISR), 7 | INIT);
	bench_run_ns(&bench, 1000);
	assert_int_equal(bench_read(&bench, ISR), 7 | INIT | INITF);
	bench_write(&bench, TR, 0xFFFFFFFF);
	bench_write(&bench, DR, 0xFFFFFFFF);
	assert_int_equal(bench_read(&bench, TR), 0x7F7F7F);
	assert_int_equal(bench_read(&bench, DR), 0xFFFF3F);
	bench_write(&bench, TR, 0x123456);
	bench_write(&bench, DR, 0x260731);
	bench_run_ns(&bench, 5 * SECOND); /* it stands still */
	assert_int_equal(bench_read(&bench, TR), 0x123456);
	bench_read(&bench, DR);
	bench_write(&bench, ISR, ~INIT);
	assert_int_equal(bench_read(&bench, ISR), 7 | INITS);
	bench_run_ns(&bench, TWO_NS);
	assert_int_equal(bench_read(&bench, ISR), 7 | INITS | RSF);
	bench_run_ns(&bench, 4 * SECOND);
	assert_int_equal(bench_read(&bench, TR), 0x123500);
	assert_int_equal(bench_read(&bench, DR), 0x260731);
	bench_write(&bench, ISR, ~(RSF | INIT));
	assert_int_equal(bench_read(&bench, ISR), 7 | INITS);
	bench_run_ns(&bench, TWO_NS);
	assert_int_equal(bench_read(&bench, ISR), 7 | INITS | RSF);
	bench_close(&bench);
}

/* Without RTCCLK there is no INITF, and so no way to set the time. */
static void without_a_clock(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock_domain(&bench);
	unlock(&bench);
	bench_write(&bench, ISR, 0xFFFFFFFF);
	bench_run_ns(&bench, SECOND);
	assert_int_equal(bench_read(&bench, ISR), 7 | INIT);
	bench_write(&bench, CSR, 1);
	bench_write(&bench, BDCR, 0x8200); /* the LSI */
	bench_run_ns(&bench, 100000);
	assert_int_equal(bench_read(&bench, ISR), 7 | INIT | INITF);
	bench_close(&bench);
}

static void on_lsi(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	unlock_domain(&bench);
	unlock(&bench);
	bench_write(&bench, CSR, 1);
	bench_write(&bench, BDCR, 0x8200);
	bench_run_ns(&bench, 16000);
	bench_run_ns(&bench, 1024 * SECOND / 1000 * 125 - 2000); /* 128 * 256 / 32 kHz */
	assert_int_equal(bench_read(&bench, TR), 0x204);
	bench_run_ns(&bench, 2000);
	bench_read(&bench, DR);
	assert_int_equal(bench_read(&bench, TR), 0x205);
	bench_close(&bench);
}

static void the_calendar(void **state)
{
	static const struct {
		bool hours_12;
		uint32_t tr, dr, then_tr, then_dr;
	} rows[] = {
		{ false, 0x000000, 0x002101, 0x000001, 0x002101 },
		{ false, 0x000009, 0x002101, 0x000010, 0x002101 },
		{ false, 0x000959, 0x002101, 0x001000, 0x002101 },
		{ false, 0x095959, 0x002101, 0x100000, 0x002101 },
		{ false, 0x195959, 0x002101, 0x200000, 0x002101 },
		{ false, 0x235959, 0x002101, 0x000000, 0x004102 },
		{ false, 0x235959, 0x00E109, 0x000000, 0x002110 },
		{ false, 0x235959, 0x002131, 0x000000, 0x004201 },
		{ false, 0x235959, 0x002228, 0x000000, 0x004229 }, /* 2000 */
		{ false, 0x235959, 0x002229, 0x000000, 0x004301 },
		{ false, 0x235959, 0x012228, 0x000000, 0x014301 },
		{ false, 0x235959, 0x242228, 0x000000, 0x244229 },
		{ false, 0x235959, 0x262430, 0x000000, 0x264501 },
		{ false, 0x235959, 0x262930, 0x000000, 0x265001 },
		{ false, 0x235959, 0x26F131, 0x000000, 0x263201 },
		{ false, 0x235959, 0x093231, 0x000000, 0x104101 },
		{ false, 0x235959, 0x993231, 0x000000, 0x004101 },
		{ true, 0x115959, 0x002101, 0x520000, 0x002101 }, /* noon */
		{ true, 0x525959, 0x002101, 0x410000, 0x002101 },
		{ true, 0x515959, 0x002101, 0x120000, 0x004102 }, /* midnight */
		{ true, 0x125959, 0x002101, 0x010000, 0x002101 },
		{ true, 0x495959, 0x002101, 0x500000, 0x002101 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct calendar calendar = { rows[i].tr, rows[i].dr, rows[i].hours_12 };

		calendar_second(&calendar);
		assert_int_equal(calendar.tr, rows[i].then_tr);
		assert_int_equal(calendar.dr, rows[i].then_dr);
	}
}

static void summer_time(void **state)
{
	static const struct {
		uint32_t cr, tr, dr, bit, then_tr, then_dr;
	} rows[] = {
		{ 0, 0x015900, 0x263329, 0x10000, 0x025900, 0x263329 },
		{ 0, 0x235900, 0x263329, 0x10000, 0x005900, 0x265330 },
		{ 0, 0x030000, 0x263329, 0x20000, 0x020000, 0x263329 },
		{ 0, 0x200000, 0x263329, 0x20000, 0x190000, 0x263329 },
		{ 0, 0x000000, 0x263329, 0x20000, 0x000000, 0x263329 },
		{ 0x40, 0x410000, 0x263329, 0x20000, 0x520000, 0x263329 },
		{ 0x40, 0x520000, 0x263329, 0x20000, 0x110000, 0x263329 },
		{ 0x40, 0x120000, 0x263329, 0x20000, 0x120000, 0x263329 },
	};
	struct bench bench;

	(void)state;
	start(&bench);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_time(&bench, rows[i].tr, rows[i].dr, rows[i].cr);
		bench_write(&bench, CR, rows[i].cr | rows[i].bit);
		assert_int_equal(bench_read(&bench, TR), rows[i].then_tr);
		assert_int_equal(bench_read(&bench, DR), rows[i].then_dr);
		assert_int_equal(bench_read(&bench, CR), rows[i].cr);
	}
	bench_write(&bench, CR, 0); /* FMT stays outside of initialization */
	assert_int_equal(bench_read(&bench, CR), 0x40);
	bench_close(&bench);
}

/* 26.3.6: what is read together belongs together. */
static void shadow_registers(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	set_time(&bench, 0x235959, 0x993231, 0);
	bench_run_ns(&bench, SECOND - 1000000);
	assert_int_equal(bench_read(&bench, SSR), 0);
	bench_run_ns(&bench, SECOND);
	assert_int_equal(bench_read(&bench, TR), 0x235959);
	assert_int_equal(bench_read(&bench, DR), 0x993231);
	assert_int_equal(bench_read(&bench, TR), 0x000000);
	bench_run_ns(&bench, (int64_t)86400 * SECOND);
	assert_int_equal(bench_read(&bench, TR), 0x000000);
	assert_int_equal(bench_read(&bench, DR), 0x004101);
	assert_int_equal(bench_read(&bench, DR), 0x006102);
	bench_write(&bench, CR, 0x20); /* BYPSHAD */
	bench_read(&bench, SSR);
	bench_run_ns(&bench, SECOND);
	assert_int_equal(bench_read(&bench, TR), 0x000001);
	bench_close(&bench);
}

static void shifts(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	set_time(&bench, 0x120000, 0x262731, 0);
	bench_run_ns(&bench, 10 * SECOND);
	bench_write(&bench, SHIFTR, 128); /* half a second back */
	assert_true(bench_read(&bench, ISR) & SHPF);
	bench_write(&bench, SHIFTR, 128); /* not before that is done */
	assert_int_equal(bench_read(&bench, SSR), 0xFF + 128);
	bench_run_ns(&bench, TWO_NS);
	assert_false(bench_read(&bench, ISR) & SHPF);
	bench_read(&bench, DR);
	bench_run_ns(&bench, 3 * SECOND / 2 - TWO_NS - 1000);
	assert_int_equal(bench_read(&bench, TR), 0x120010);
	bench_run_ns(&bench, 2000);
	bench_read(&bench, DR);
	assert_int_equal(bench_read(&bench, TR), 0x120011);
	bench_write(&bench, SHIFTR, 0x80000000u | 128); /* half a second ahead */
	bench_read(&bench, DR);
	bench_run_ns(&bench, SECOND / 2);
	assert_int_equal(bench_read(&bench, TR), 0x120012);
	bench_close(&bench);
}

static void what_survives(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	set_time(&bench, 0x120000, 0x262731, 0);
	bench_write(&bench, BKP(0), 0x1234);
	bench_write(&bench, BKP(19), 0x5678);
	bench_run_ns(&bench, 5 * SECOND);
	mcu_reset_periphs(bench.mcu, MCU_RESET_SOFTWARE, 0);
	assert_int_equal(bench_read(&bench, ISR), 7 | INITS); /* RSF went */
	bench_run_ns(&bench, 5 * SECOND);
	assert_int_equal(bench_read(&bench, ISR), 7 | INITS | RSF);
	assert_int_equal(bench_read(&bench, TR), 0x120010);
	assert_int_equal(bench_read(&bench, DR), 0x262731);
	bench_write(&bench, BKP(0), 0); /* DBP is clear */
	assert_int_equal(bench_read(&bench, BKP(0)), 0x1234);
	mcu_reset_periphs(bench.mcu, MCU_RESET_STANDBY, 0);
	assert_int_equal(bench_read(&bench, BKP(19)), 0x5678);
	unlock_domain(&bench);
	bench_write(&bench, BDCR, 0x10000);
	assert_int_equal(bench_read(&bench, BKP(0)), 0);
	assert_int_equal(bench_read(&bench, TR), 0);
	assert_int_equal(bench_read(&bench, DR), 0x2101);
	bench_write(&bench, BDCR, 0);
	bench_write(&bench, BKP(0), 1);
	mcu_reset_periphs(bench.mcu, MCU_RESET_POWER, 0);
	assert_int_equal(bench_read(&bench, BKP(0)), 0);
	bench_close(&bench);
}

/* A reset in the middle of an initialization: the clock goes on. */
static void a_reset_ends_an_initialization(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	set_time(&bench, 0x120000, 0x262731, 0);
	bench_write(&bench, ISR, 0xFFFFFFFF);
	bench_run_ns(&bench, 10 * SECOND);
	mcu_reset_periphs(bench.mcu, MCU_RESET_PIN, 0);
	bench_run_ns(&bench, 3 * SECOND);
	assert_int_equal(bench_read(&bench, ISR), 7 | INITS | RSF);
	assert_int_equal(bench_read(&bench, TR), 0x120003);
	bench_close(&bench);
}

static void time_goes_on_in_stop_and_standby(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	set_time(&bench, 0x120000, 0x262731, 0);
	bench_write(&bench, WUTR, 4);
	bench_write(&bench, CR, 4);
	bench_write(&bench, CR, 4 | WUTE | WUTIE);
	bench_write(&bench, RCC_CFGR, 0x80); /* other clocks are nothing to it */
	assert_int_equal(pwr_deep_sleep(bench.mcu), MCU_STOP);
	bench_run_ns(&bench, 3 * SECOND);
	pwr_wake(bench.mcu);
	assert_int_equal(bench_read(&bench, TR), 0x120003);
	bench_write(&bench, PWR_CR, 0x4106); /* PDDS, CWUF */
	assert_int_equal(pwr_deep_sleep(bench.mcu), MCU_STANDBY);
	bench_run_ns(&bench, 2 * SECOND);
	assert_int_equal(bench.resets, 1);
	assert_int_equal(bench.why, MCU_RESET_STANDBY);
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers),
		cmocka_unit_test(write_protection),
		cmocka_unit_test(it_counts_seconds),
		cmocka_unit_test(initialization),
		cmocka_unit_test(without_a_clock),
		cmocka_unit_test(on_lsi),
		cmocka_unit_test(the_calendar),
		cmocka_unit_test(summer_time),
		cmocka_unit_test(shadow_registers),
		cmocka_unit_test(shifts),
		cmocka_unit_test(what_survives),
		cmocka_unit_test(a_reset_ends_an_initialization),
		cmocka_unit_test(time_goes_on_in_stop_and_standby),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
