/* Formatting, beside the host's own printf. */
#include "mock_bus.h"

#include "lib/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SAME(...)                                                                        \
	do {                                                                             \
		char got[64], want[64];                                                  \
		size_t n = text_format(got, sizeof(got), __VA_ARGS__);                   \
                                                                                         \
		snprintf(want, sizeof(want), __VA_ARGS__);                               \
		assert_string_equal(got, want);                                          \
		assert_int_equal(n, strlen(want));                                       \
	} while (0)

static void as_printf_does(void **state)
{
	(void)state;
	SAME("plain");
	SAME("%s and %s", "one", "");
	SAME("%10s|%2s", "right", "longer");
	SAME("%c%c", 'a', '%');
	SAME("100%%");
	SAME("%u %u %u", 0u, 42u, UINT_MAX);
	SAME("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	SAME("%5d|%05d|%05d|%1d", -42, -42, 42, 12345);
	SAME("%x %X %08x %4x", 0xabcu, 0xdefu, 0x1234u, 0xffffffffu);
	SAME("%6u.%03u", 12u, 7u);
}

static void cut_short(void **state)
{
	char got[8];

	(void)state;
	memset(got, 'x', sizeof(got));
	assert_int_equal(text_format(got, 4, "%s", "abcdef"), 3);
	assert_string_equal(got, "abc");
	assert_int_equal(got[4], 'x');
	assert_int_equal(text_format(got, 1, "%u", 7u), 0);
	assert_string_equal(got, "");
	assert_int_equal(text_format(got, 0, "%u", 7u), 0);
}

static void words(void **state)
{
	static const struct {
		const char *line;
		unsigned n;
		const char *first, *last;
	} rows[] = {
		{ "", 0, NULL, NULL },
		{ "   ", 0, NULL, NULL },
		{ "one", 1, "one", "one" },
		{ "  one  two ", 2, "one", "two" },
		{ "a b c", 3, "a", "c" },
		{ "a b c d e", 5, "a", "c" }, /* room for three */
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char line[32], *list[3] = { NULL };
		unsigned n;

		strcpy(line, rows[i].line);
		n = text_words(line, list, 3);
		assert_int_equal(n, rows[i].n);
		if (n) {
			assert_string_equal(list[0], rows[i].first);
			assert_string_equal(list[n < 3 ? n - 1 : 2], rows[i].last);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_printf_does),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
