#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "selector.h"

#define A "amqp.annotation."

static void takes_what_clients_send(void **state)
{
	static const struct {
		const char *text;
		struct position position;
	} rows[] = {
		/* @azure/event-hubs */
		{ A "x-opt-enqueued-time > '1795343403210'",
		  { BY_TIME, false, false, 1795343403210 } },
		{ A "x-opt-offset > '@latest'", { BY_OFFSET, false, true, 0 } },
		{ A "x-opt-offset > '-1'", { BY_OFFSET, false, false, -1 } },
		{ A "x-opt-sequence-number >= '5'", { BY_SEQUENCE, true, false, 5 } },
		/* az iot hub monitor-events */
		{ A "x-opt-enqueuedtimeutc > 1542069893156",
		  { BY_TIME, false, false, 1542069893156 } },
		{ A "x-opt-offset >= '4321'", { BY_OFFSET, true, false, 4321 } },
		{ A "x-opt-offset > 4321", { BY_OFFSET, false, false, 4321 } },
		{ A "x-opt-sequence-number > '-1'", { BY_SEQUENCE, false, false, -1 } },
		{ A "x-opt-enqueued-time>='0'", { BY_TIME, true, false, 0 } },
		/* the first of .NET's times */
		{ A "x-opt-enqueued-time > '-62135596800000'",
		  { BY_TIME, false, false, -62135596800000 } },
		{ " \t" A "x-opt-offset\n>  '7' ", { BY_OFFSET, false, false, 7 } },
		{ A "x-opt-offset > '9223372036854775807'",
		  { BY_OFFSET, false, false, INT64_MAX } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct position *wanted = &rows[i].position;
		struct position position;
		char err[SELECTOR_ERROR];

		assert_true(selector_parse(rows[i].text, strlen(rows[i].text), &position,
					   err));
		assert_string_equal(err, "");
		assert_int_equal(position.by, wanted->by);
		assert_int_equal(position.inclusive, wanted->inclusive);
		assert_int_equal(position.latest, wanted->latest);
		assert_int_equal(position.value, wanted->value);
	}
}

static void refuses_in_words(void **state)
{
	static const struct {
		const char *text;
		const char *err;
	} rows[] = {
		{ "", "position 1: it has to begin with" },
		{ "1 = 1", "position 1: it has to begin with" },
		{ "x-opt-offset > '1'", "position 1: it has to begin with" },
		{ A "x-opt-offsets > '1'", "position 1: it has to begin with" },
		{ A "X-Opt-Offset > '1'", "position 1: it has to begin with" },
		{ A "x-opt-offset", "position 29: > or >= is expected" },
		{ A "x-opt-offset < '1'", "position 30: > or >= is expected" },
		{ A "x-opt-offset = '1'", "position 30: > or >= is expected" },
		{ A "x-opt-offset > ", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > '", "position 32: the value's quote has no end" },
		{ A "x-opt-offset > '12", "position 32: the value's quote has no end" },
		{ A "x-opt-offset > ''", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > '-'", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > '- 1'", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > '--1'", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > '1.5'", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > '@first'", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > @latest", "position 32: a number or '@latest'" },
		{ A "x-opt-offset > '-2'", "position 32: the number is too small" },
		{ A "x-opt-offset > '9223372036854775808'", "a number or '@latest'" },
		{ A "x-opt-sequence-number > 'x'", "position 41: a number is" },
		{ A "x-opt-sequence-number > '@latest'", "only an offset can be" },
		{ A "x-opt-sequence-number > '-2'", "the number is too small" },
		{ A "x-opt-enqueued-time > '2026-11-22'", "a number is expected" },
		{ A "x-opt-offset > '1' AND " A "x-opt-offset > '2'",
		  "position 36: the filter has to end here" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct position position;
		char err[SELECTOR_ERROR];

		assert_false(selector_parse(rows[i].text, strlen(rows[i].text), &position,
					    err));
		if (!strstr(err, rows[i].err))
			fail_msg("%s: %s", rows[i].text, err);
	}
}

/* The text comes off the wire: it ends where its length says, not at a NUL. */
static void reads_no_further_than_it_may(void **state)
{
	static const char text[] = A "x-opt-offset > '12345'";
	struct position position;
	char err[SELECTOR_ERROR];

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_false(selector_parse(text, len, &position, err));
	assert_false(selector_parse(text, sizeof(text), &position, err)); /* the NUL */
	assert_true(selector_parse(text, sizeof(text) - 1, &position, err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_clients_send),
		cmocka_unit_test(refuses_in_words),
		cmocka_unit_test(reads_no_further_than_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
