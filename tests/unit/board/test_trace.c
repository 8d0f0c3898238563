/* The accesses of registers, by name. */
#include "mcu_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define GPIOA 0x40020000u
#define GPIOD 0x40020C00u
#define CRC   0x40023000u

static struct bench bench;
static struct trace *trace;

static int set_up(void **state)
{
	(void)state;
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 0, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 12, true);
	trace = trace_new();
	assert_non_null(trace);
	trace_wire(trace, bench.mcu);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	trace_free(trace);
	bench_close(&bench);
	return 0;
}

static void start(const char *name)
{
	char why[TRACE_WHY];

	assert_true(trace_start(trace, &name, name ? 1 : 0, why));
}

static void expect(const char *part)
{
	char line[TRACE_LINE];

	assert_true(trace_next(trace, line));
	if (!strstr(line, part))
		print_error("%s\n", line);
	assert_non_null(strstr(line, part));
}

static void test_names(void **state)
{
	char line[TRACE_LINE];

	(void)state;
	bench_write(&bench, GPIOD + 0x18, 1); /* nobody watches */
	start(NULL);
	bench_write(&bench, GPIOD + 0x18, 0x1000);
	bench_read(&bench, GPIOA + 0x10);
	bench_read(&bench, GPIOA + 0x40);
	mcu_write(bench.mcu, GPIOD + 0x15, 1, 0x30);
	expect("\"op\":\"W\",\"register\":\"GPIOD.BSRR\",\"address\":\"0x40020c18\","
	       "\"value\":\"0x00001000\"}");
	expect("\"op\":\"R\",\"register\":\"GPIOA.IDR\"");
	expect("\"register\":\"GPIOA+0x40\"");
	expect("\"value\":\"0x00003000\",\"mask\":\"0x0000ff00\"}");
	assert_false(trace_next(trace, line));
	trace_stop(trace);
	bench_read(&bench, GPIOA + 0x10);
	assert_false(trace_next(trace, line));
}

static void test_filter(void **state)
{
	const char *two[] = { "gpiod", "CRC" }, *none[] = { "GPIOZ" };
	char line[TRACE_LINE], why[TRACE_WHY];

	(void)state;
	assert_false(trace_start(trace, none, 1, why));
	assert_non_null(strstr(why, "'GPIOZ'"));
	assert_true(trace_start(trace, two, 2, why));
	assert_false(trace_start(trace, two, 2, why));
	bench_read(&bench, GPIOA);
	bench_read(&bench, CRC);
	bench_read(&bench, GPIOD);
	expect("CRC.DR");
	expect("GPIOD.MODER");
	assert_false(trace_next(trace, line));
}

static void test_bounds(void **state)
{
	char line[TRACE_LINE];
	size_t kept = 0, lost;

	(void)state;
	start("CRC");
	for (int i = 0; i < 300000; i++) {
		bench_write(&bench, CRC, 1);
		assert_int_equal(trace_crowded(trace), i + 1 > 65536);
	}
	while (trace_next(trace, line) && !strstr(line, "lost"))
		kept++;
	assert_int_equal(sscanf(line, "{\"lost\":%zu}", &lost), 1);
	assert_int_equal(kept + lost, 300000);
	assert_false(trace_crowded(trace));
	/* and goes on */
	bench_read(&bench, CRC);
	expect("CRC.DR");
}

static void test_power(void **state)
{
	(void)state;
	start("GPIOD");
	bench_read(&bench, GPIOD);
	trace_wire(trace, NULL);
	bench_close(&bench);
	bench_open(&bench);
	mcu_periph_clock(bench.mcu, PERIPH_AHB1, 3, true);
	trace_wire(trace, bench.mcu);
	bench_read(&bench, GPIOD + 4);
	expect("GPIOD.MODER");
	expect("GPIOD.OTYPER");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_filter, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bounds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_power, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
