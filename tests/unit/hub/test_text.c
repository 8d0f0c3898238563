#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void decodes(void **state)
{
	static const struct {
		const char *from;
		const char *to; /* NULL: refused */
	} rows[] = {
		{ "", "" },       { "dev1", "dev1" }, { "a%2Fb%2f%25", "a/b/%" },
		{ "%41", "A" },   { "%4", NULL },     { "%", NULL },
		{ "a%zz", NULL }, { "a%00b", NULL },  { "a+b", "a+b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char to[32];
		bool decoded = percent_decode(to, rows[i].from, strlen(rows[i].from));

		assert_int_equal(decoded, rows[i].to != NULL);
		if (decoded)
			assert_string_equal(to, rows[i].to);
	}
}

static void finds_values(void **state)
{
	static const char query[] = "top=5&api-version=2021-04-12&empty=&topic=x";
	size_t len;

	(void)state;
	assert_memory_equal(query_value(query, "top", &len), "5&", 2);
	assert_int_equal(len, 1);
	assert_memory_equal(query_value(query, "api-version", &len), "2021", 4);
	assert_int_equal(len, 10);
	assert_non_null(query_value(query, "empty", &len));
	assert_int_equal(len, 0);
	assert_null(query_value(query, "version", &len));
	assert_null(query_value(NULL, "top", &len));
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *from;
		unsigned long long most;
		bool read;
	} rows[] = {
		{ "0", 0, true },
		{ "1", 0, false },
		{ "65535", 65535, true },
		{ "65536", 65535, false },
		{ "", 9, false },
		{ "1a", 99, false },
		{ "-1", 99, false },
		{ "18446744073709551615", ULLONG_MAX, true },
		{ "18446744073709551616", ULLONG_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned long long value;

		assert_int_equal(parse_whole(rows[i].from, strlen(rows[i].from),
					     rows[i].most, &value),
				 rows[i].read);
	}
}

static void grows(void **state)
{
	struct text text = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		text_add(&text, "%d,", i % 10);
	assert_int_equal(text.len, 2000);
	assert_int_equal(strlen(text.at), 2000);
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(finds_values),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
