#include "csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Rows as "line:cell|cell;line:cell". */
static void flatten(const struct csv *csv, char *to, size_t bytes)
{
	size_t at = 0;

	to[0] = '\0';
	for (size_t i = 0; i < csv->n; i++) {
		at += (size_t)snprintf(to + at, bytes - at, "%s%u:", i ? ";" : "",
				       csv->rows[i].line);
		for (size_t k = 0; k < csv->rows[i].n; k++)
			at += (size_t)snprintf(to + at, bytes - at, "%s%s", k ? "|" : "",
					       csv->rows[i].cells[k].text);
	}
}

static void test_rows(void **state)
{
	static const struct {
		const char *text, *rows;
	} rows[] = {
		{ "", "" },
		{ "a,b\n1,2\n", "1:a|b;2:1|2" },
		{ "a,b\r\n1,2\r\n", "1:a|b;2:1|2" },
		{ "a,b\n1,2", "1:a|b;2:1|2" },
		{ "a,b\n\n# said\n1,2\n", "1:a|b;4:1|2" },
		{ "\xef\xbb\xbf"
		  "a,b\n",
		  "1:a|b" },
		{ "a,\n,b\n,\n", "1:a|;2:|b;3:|" },
		{ "\"a,b\",\"c\"\"d\"\n", "1:a,b|c\"d" },
		{ "\"\",\"\"", "1:|" },
		{ " a , b \n", "1: a | b " },
		{ "\"#a\",b\n", "1:#a|b" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct csv_error err;
		struct csv csv;
		char flat[128];

		assert_true(csv_parse(rows[i].text, strlen(rows[i].text), &csv, &err));
		flatten(&csv, flat, sizeof(flat));
		assert_string_equal(flat, rows[i].rows);
		csv_free(&csv);
	}
}

static void test_malformed(void **state)
{
	static const struct {
		const char *text;
		unsigned line, column;
	} rows[] = {
		{ "a,b\n1,\"2", 2, 3 },    { "a,\"b\nc\",d\n", 1, 3 },
		{ "a,\"b\"c\n", 1, 6 },    { "a,b\"c\n", 1, 4 },
		{ "a,b\nx\ty,1\n", 2, 2 }, { "a,b\n\"x\x1b\",1\n", 2, 3 },
		{ "a,b\r1,2\r", 1, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct csv_error err = { 0 };
		struct csv csv;

		assert_false(csv_parse(rows[i].text, strlen(rows[i].text), &csv, &err));
		assert_int_equal(err.line, rows[i].line);
		assert_int_equal(err.column, rows[i].column);
		assert_true(err.msg[0]);
		assert_int_equal(csv.n, 0);
	}
}

static void test_columns(void **state)
{
	struct csv_error err;
	struct csv csv;

	(void)state;
	assert_true(csv_parse("a,\"b\",c\n", 8, &csv, &err));
	assert_int_equal(csv.rows[0].cells[0].column, 1);
	assert_int_equal(csv.rows[0].cells[1].column, 3);
	assert_int_equal(csv.rows[0].cells[2].column, 7);
	csv_free(&csv);
}

static void test_zero_byte(void **state)
{
	struct csv_error err;
	struct csv csv;

	(void)state;
	assert_false(csv_parse("a\0b,c\n", 6, &csv, &err));
	assert_int_equal(err.column, 2);
}

static void test_quote(void **state)
{
	static const struct {
		const char *text, *quoted;
	} rows[] = {
		{ "plain", "plain" }, { "", "" },
		{ "a,b", "\"a,b\"" }, { "say \"hi\"", "\"say \"\"hi\"\"\"" },
		{ "#1", "\"#1\"" },
	};
	char to[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(csv_quote(rows[i].text, to, sizeof(to)),
				    rows[i].quoted);
	assert_string_equal(csv_quote("a,bcdefgh", to, 8), "\"a,bc\"");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),    cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_columns), cmocka_unit_test(test_zero_byte),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
