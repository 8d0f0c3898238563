/* The alarms and the wakeup timer of the real-time clock: the rules of RM0090 section 26. */
#include "rtc_bench.h"

static void exti(struct bench *bench, unsigned line)
{
	bench_write(bench, 0x40013C00, 1u << line); /* IMR */
	bench_write(bench, 0x40013C08, 1u << line); /* RTSR */
}

static void alarms(void **state)
{
	static const struct {
		uint32_t tr, dr, alarm;
		int seconds; /* until it rings; -1: not within a day */
	} rows[] = {
		{ 0x120000, 0x262731, 0x31120005, 5 },
		{ 0x120000, 0x262731, 0x31110005, -1 },
		{ 0x120000, 0x262731, 0x80808080, 1 },
		{ 0x120000, 0x262731, 0x80808000, 60 },
		{ 0x120000, 0x262731, 0x80800130, 90 },
		{ 0x120000, 0x262731, 0xB1800130, 90 },
		{ 0x120000, 0x262731, 0x30120005, -1 },
		{ 0x235958, 0x262731, 0x01000000, 2 },
		{ 0x235958, 0x26A731, 0x46000000, 2 }, /* on a Saturday */
		{ 0x235958, 0x26A731, 0x45000000, -1 },
		{ 0x120000, 0x262731, 0x80520005, -1 }, /* PM */
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned which = i % 2;
		uint32_t ring = ALRAF << which;
		struct bench bench;

		start(&bench);
		exti(&bench, 17);
		set_time(&bench, rows[i / 2].tr, rows[i / 2].dr, 0);
		bench_write(&bench, ALRMAR + 4 * which, rows[i / 2].alarm);
		bench_write(&bench, CR, (ALRAE | ALRAIE) << which);
		if (rows[i / 2].seconds < 0) {
			bench_run_ns(&bench, (int64_t)86400 * SECOND - 2 * SECOND);
			assert_false(bench_read(&bench, ISR) & ring);
		} else {
			bench_run_ns(&bench, rows[i / 2].seconds * SECOND - 1000);
			assert_false(bench_read(&bench, ISR) & ring);
			bench_run_ns(&bench, 1000);
			assert_int_equal(bench_read(&bench, ISR) & (ALRAF | ALRBF), ring);
			assert_true(bench.irq[IRQ_ALARM]);
			assert_int_equal(bench_read(&bench, 0x40013C14), 1u << 17);
			bench_write(&bench, ISR,
				    ~(ring | INIT)); /* no key needed, nor here */
			assert_int_equal(bench_read(&bench, ISR) & (ALRAF | ALRBF), 0);
		}
		bench_close(&bench);
	}
}

static void alarms_within_the_second(void **state)
{
	static const struct {
		uint32_t ss;
		int64_t first, step; /* in ticks of 1/256 s, from 12:00:05 on */
	} rows[] = {
		{ 0x0F000000u | 0x7F, 128, 256 }, /* SSR is 0x7F half a second in */
		{ 0x08000000u | 0xFF, 0, 256 },
		{ 0x07000000u | 0x7F, 0, 128 },
		{ 0x01000000u, 1, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t tick = SECOND / 256;
		struct bench bench;

		start(&bench);
		set_time(&bench, 0x120000, 0x262731, 0);
		bench_write(&bench, ALRMAR, 0x31120005);
		bench_write(&bench, ALRMASSR, rows[i].ss);
		bench_write(&bench, CR, ALRAE);
		bench_run_ns(&bench, 5 * SECOND + rows[i].first * tick - 1000);
		assert_false(bench_read(&bench, ISR) & ALRAF);
		bench_run_ns(&bench, 2000);
		assert_true(bench_read(&bench, ISR) & ALRAF);
		bench_write(&bench, ISR, ~(ALRAF | INIT));
		bench_run_ns(&bench, rows[i].step * tick);
		assert_int_equal(!!(bench_read(&bench, ISR) & ALRAF), rows[i].step < 256);
		bench_run_ns(&bench, SECOND);
		bench_write(&bench, ISR, ~(ALRAF | INIT));
		bench_run_ns(&bench, SECOND);
		assert_false(bench_read(&bench, ISR) & ALRAF);
		bench_close(&bench);
	}
}

/* An alarm is set while it is off, and the bit that says so follows. */
static void alarms_are_written_while_off(void **state)
{
	struct bench bench;

	(void)state;
	start(&bench);
	bench_write(&bench, CR, ALRAE);
	assert_false(bench_read(&bench, ISR) & ALRAWF);
	bench_write(&bench, ALRMAR, 0x12345678);
	assert_int_equal(bench_read(&bench, ALRMAR), 0);
	bench_write(&bench, CR, 0);
	assert_false(bench_read(&bench, ISR) & ALRAWF);
	bench_run_ns(&bench, TWO_NS);
	assert_true(bench_read(&bench, ISR) & ALRAWF);
	bench_write(&bench, ALRMAR, 0x12345678);
	assert_int_equal(bench_read(&bench, ALRMAR), 0x12345678);
	bench_close(&bench);
}

static void wakeup_timer(void **state)
{
	static const struct {
		uint32_t sel, wutr;
		int64_t ns;
	} rows[] = {
		{ 0, 2047, SECOND },      { 1, 0, 244140 }, { 2, 8191, SECOND },
		{ 3, 16383, SECOND },     { 4, 0, SECOND }, { 4, 9, 10 * SECOND },
		{ 6, 0, 65537 * SECOND },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bench bench;

		start(&bench);
		exti(&bench, 22);
		bench_write(&bench, WUTR, rows[i].wutr);
		bench_write(&bench, CR, rows[i].sel);
		bench_write(&bench, CR, rows[i].sel | WUTE | WUTIE);
		assert_false(bench_read(&bench, ISR) & WUTWF);
		bench_write(&bench, WUTR, 0x1234); /* not while it runs */
		bench_write(&bench, CR, WUTE | WUTIE);
		assert_int_equal(bench_read(&bench, WUTR), rows[i].wutr);
		assert_int_equal(bench_read(&bench, CR), rows[i].sel | WUTE | WUTIE);
		for (int round = 0; round < 3; round++) {
			bench_run_ns(&bench, rows[i].ns - 2000);
			assert_false(bench_read(&bench, ISR) & WUTF);
			bench_run_ns(&bench, 2000);
			bench_run(&bench, 1);
			assert_true(bench_read(&bench, ISR) & WUTF);
			assert_true(bench.irq[IRQ_WKUP]);
			bench_write(&bench, ISR, ~(WUTF | INIT));
			bench_write(&bench, 0x40013C14, 1u << 22);
			assert_false(bench.irq[IRQ_WKUP]);
		}
		bench_write(&bench, CR, rows[i].sel);
		bench_run_ns(&bench, TWO_NS);
		assert_true(bench_read(&bench, ISR) & WUTWF);
		bench_run_ns(&bench, 2 * rows[i].ns);
		assert_false(bench_read(&bench, ISR) & WUTF);
		bench_close(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alarms),
		cmocka_unit_test(alarms_within_the_second),
		cmocka_unit_test(alarms_are_written_while_off),
		cmocka_unit_test(wakeup_timer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
