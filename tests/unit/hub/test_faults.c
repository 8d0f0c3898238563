#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "faults.h"
#include "throttle.h"

/* Ten GETs of /devices/d1: an x for each that is struck. */
static void strikes_by_pattern(void **state)
{
	static const struct {
		const char *pattern;
		const char *struck; /* NULL: refused */
	} rows[] = {
		{ "429:3", "xxx......." },
		{ "500@5", "....x....." },
		{ "500:2@5", "....xx...." },
		{ "html", "xxxxxxxxxx" },
		{ "html=502:1", "x........." },
		{ "slow=2000:1", "x........." },
		{ "drop:1", "x........." },
		{ "every=3 500", "..x..x..x." },
		{ "every=3 500:2", "..x..x...." },
		{ "GET /devices lose:1", "x........." },
		{ "POST /devices 503:1", ".........." },
		{ "/devices/* cut:1", "x........." },
		{ "/*/d1 cut:1", "x........." },
		{ "/device cut:1", ".........." },
		{ "/devices/d1/x cut:1", ".........." },
		{ "429 retry-after=1 wait=2", "xxxxxxxxxx" },
		{ "", NULL },
		{ "399", NULL },
		{ "500 404", NULL },
		{ "500:0", NULL },
		{ "500@0", NULL },
		{ "500@1 every=2", NULL },
		{ "slow=x", NULL },
		{ "html=99", NULL },
		{ "html=600", NULL },
		{ "html=", NULL },
		{ "LONGMETHOD 500", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct faults faults = { 0 };
		char struck[11] = "..........";
		const char *wrong = faults_add(&faults, rows[i].pattern);

		assert_int_equal(wrong != NULL, rows[i].struck == NULL);
		if (wrong)
			continue;
		for (int k = 0; k < 10; k++)
			if (faults_next(&faults, "GET", "/devices/d1").action !=
			    FAULT_NONE)
				struck[k] = 'x';
		if (strcmp(struck, rows[i].struck) != 0)
			fail_msg("%s: %s", rows[i].pattern, struck);
	}
}

static void lets_bursts_pass_then_queues_then_refuses(void **state)
{
	struct throttle throttle;
	int retry_s = 0;

	(void)state;
	assert_true(throttle_init(&throttle, "s1", 0));
	assert_false(throttle_init(&throttle, "S4", 0));
	assert_true(throttle_init(&throttle, "S1", 0));
	for (int i = 0; i < 100; i++)
		assert_int_equal(
			throttle_take(&throttle, THROTTLE_REGISTRY, 1, 0, &retry_s), 0);
	assert_int_equal(throttle_take(&throttle, THROTTLE_REGISTRY, 1, 0, &retry_s),
			 600);
	for (int i = 2; i <= 16; i++)
		assert_int_equal(
			throttle_take(&throttle, THROTTLE_REGISTRY, 1, 0, &retry_s),
			600 * i);
	assert_int_equal(throttle_take(&throttle, THROTTLE_REGISTRY, 1, 0, &retry_s), -1);
	assert_int_equal(retry_s, 1);
	/* queries have a bucket of their own */
	assert_int_equal(throttle_take(&throttle, THROTTLE_QUERY, 1, 0, &retry_s), 0);
	/* a minute and the queue's time later all is full again */
	assert_int_equal(throttle_take(&throttle, THROTTLE_REGISTRY, 1, 70000, &retry_s),
			 0);
}

/* How many of a kind each tier lets pass at once ([FACTS] 1.5); 0: it does not have them. */
static void throttles_as_the_table_says(void **state)
{
	static const struct {
		const char *tier;
		int passes[THROTTLES];
	} rows[] = {
		{ "free", { 0, 100, 20, 100, 50, 40, 100, 100, 100, 1000, 1000 } },
		{ "F1", { 0, 100, 20, 100, 50, 40, 100, 100, 100, 1000, 1000 } },
		{ "B1", { 0, 100, 20, 0, 0, 0, 100, 100, 100, 1000, 1000 } },
		{ "S1", { 0, 100, 20, 100, 50, 40, 100, 100, 100, 1000, 1000 } },
		{ "B2", { 0, 100, 20, 0, 0, 0, 120, 120, 100, 1000, 1000 } },
		{ "S2", { 0, 100, 20, 100, 50, 120, 120, 120, 100, 1000, 1000 } },
		{ "B3", { 0, 5000, 1000, 0, 0, 0, 6000, 6000, 5000, 1000, 1000 } },
		{ "S3", { 0, 5000, 1000, 500, 250, 6000, 6000, 6000, 5000, 1000, 1000 } },
	};
	int retry_s;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct throttle throttle;

		assert_true(throttle_init(&throttle, rows[i].tier, 0));
		for (int kind = 1; kind < THROTTLES; kind++) {
			int passes = 0;

			while (throttle_allows(&throttle, kind) &&
			       throttle_take(&throttle, kind, 1, 0, &retry_s) == 0 &&
			       throttle.level[kind] >= 0)
				passes++;
			assert_int_equal(passes, rows[i].passes[kind]);
		}
		assert_true(throttle_allows(&throttle, THROTTLE_NONE));
	}
}

static void meters_by_size(void **state)
{
	struct throttle throttle;
	int retry_s;

	(void)state;
	assert_true(throttle_init(&throttle, "S1", 0));
	assert_int_equal(throttle_take(&throttle, THROTTLE_METHOD, 32, 0, &retry_s), 0);
	assert_int_equal(throttle_take(&throttle, THROTTLE_METHOD, 32, 0, &retry_s), 600);
}

static void throttles_nothing_without_a_tier(void **state)
{
	struct throttle throttle = { 0 };
	int retry_s;

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_int_equal(
			throttle_take(&throttle, THROTTLE_REGISTRY, 1, 0, &retry_s), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strikes_by_pattern),
		cmocka_unit_test(lets_bursts_pass_then_queues_then_refuses),
		cmocka_unit_test(throttles_as_the_table_says),
		cmocka_unit_test(meters_by_size),
		cmocka_unit_test(throttles_nothing_without_a_tier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
