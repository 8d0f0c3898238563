#include "cli.h"
#include "json.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_clean(void **state)
{
	static const struct {
		const char *from, *to, *with_controls;
	} rows[] = {
		{ "plain", "plain", "plain" },
		{ "a\033[2Jb", "a?[2Jb", "a\033[2Jb" },
		{ "tab\tend\n\x7f", "tab?end??", "tab\tend\n\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac" },
		{ "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\xc2\x9b"
		  "2J",
		  "?2J",
		  "\xc2\x9b"
		  "2J" }, /* CSI in one character */
		{ "\x9b"
		  "2J",
		  "?2J", "?2J" },
		{ "\xc0\xaf", "??", "??" },             /* overlong '/' */
		{ "\xed\xa0\x80", "???", "???" },       /* a surrogate */
		{ "\xf4\x90\x80\x80", "????", "????" }, /* beyond U+10FFFF */
		{ "cut\xe2\x82", "cut??", "cut??" },
		{ "\xff\xfe", "??", "??" },
	};
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		text_clean(text, sizeof(text), rows[i].from, true);
		assert_string_equal(text, rows[i].to);
		text_clean(text, sizeof(text), rows[i].from, false);
		assert_string_equal(text, rows[i].with_controls);
	}
	text_clean(text, 4, "ab\xe2\x82\xac", true);
	assert_string_equal(text, "ab");
	text_clean(text, 1, "ab", true);
	assert_string_equal(text, "");
}

static void test_nearest(void **state)
{
	(void)state;
	assert_int_equal(text_distance("flash", "flash"), 0);
	assert_int_equal(text_distance("falsh", "flash"), 1);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	assert_true(text_resembles("flsh", "flash"));
	assert_true(text_resembles("comp", "completion"));
	assert_false(text_resembles("x", "list"));
	assert_false(text_resembles("reboot", "list"));
}

static void test_wrap(void **state)
{
	const char *next;

	(void)state;
	assert_int_equal(text_wrap("one two three", 8, &next), 7);
	assert_string_equal(next, "three");
	assert_int_equal(text_wrap("three", 5, &next), 5);
	assert_string_equal(next, "");
	assert_int_equal(text_wrap("longerthanthat x", 6, &next), 6);
	assert_string_equal(next, "thanthat x");
}

/* -- bars -------------------------------------------------------------------------- */

static void test_bar_moves_within_a_step(void **state)
{
	struct bar bar = { .label = "b0",
			   .at_ms = 1000,
			   .step_ms = 2000,
			   .fraction = 0.5,
			   .step_fraction = 0.2 };

	(void)state;
	assert_int_equal((int)(bar_fraction(&bar, 500) * 1000 + 0.5), 500);
	assert_int_equal((int)(bar_fraction(&bar, 1000) * 1000 + 0.5), 500);
	assert_int_equal((int)(bar_fraction(&bar, 2000) * 1000 + 0.5), 600);
	/* Longer than planned: it waits at 95 % of the step. */
	assert_int_equal((int)(bar_fraction(&bar, 3000) * 1000 + 0.5), 690);
	assert_int_equal((int)(bar_fraction(&bar, 90000) * 1000 + 0.5), 690);
	bar.fraction = 0.9;
	bar.step_fraction = 0.5;
	assert_true(bar_fraction(&bar, 3000) <= 1);
}

static void test_bar_fits(void **state)
{
	struct bar bar = { .label = "sim:b0",
			   .phase = "erase",
			   .done = 128 << 10,
			   .total = 326 << 10,
			   .left_ms = 12000,
			   .fraction = 0.42 };
	unsigned columns;
	char line[600];

	(void)state;
	bar_format(&bar, 0, 34816, 6, 79, line, sizeof(line));
	assert_string_equal(
		line, "sim:b0  erase   [###########................]  42%    128K/326K"
		      "    34K/s   0:12");
	for (columns = 1; columns < 300; columns++) {
		bar_format(&bar, 0, 34816, 6, columns, line, sizeof(line));
		assert_true(strlen(line) <= columns);
	}
	bar.verdict = "done";
	bar_format(&bar, 0, 0, 8, 79, line, sizeof(line));
	assert_string_equal(line, "sim:b0    done");
	bar.verdict = NULL;
	bar.done = bar.total = UINT64_MAX;
	bar.left_ms = UINT64_MAX;
	bar_format(&bar, 0, 1e300, 6, 79, line, sizeof(line));
	assert_true(strlen(line) <= 79);
}

/* -- JSON -------------------------------------------------------------------------- */

static void test_json(void **state)
{
	struct json *doc = json_object(), *list = json_array();
	const char *key;
	double number;
	char *line;
	bool value;

	(void)state;
	json_add_text(doc, "serial", "a\xff\"\n");
	json_add_text(doc, "none", NULL);
	json_add_number(doc, "address", 4294967295.0);
	json_add_bool(doc, "on", true);
	json_add_number(list, NULL, 1);
	json_add(doc, "list", list);
	line = json_line(doc);
	assert_string_equal(line, "{\"serial\":\"a?\\\"\\n\",\"none\":null,"
				  "\"address\":4294967295,\"on\":true,\"list\":[1]}");
	json_free(doc);
	doc = json_parse(line, strlen(line));
	free(line);
	assert_string_equal(json_text(doc, "serial"), "a?\"\n");
	assert_null(json_text(doc, "address"));
	assert_null(json_text(doc, "missing"));
	assert_true(json_number(doc, "address", &number));
	assert_true(number == 4294967295.0);
	assert_false(json_number(doc, "serial", &number));
	assert_true(json_bool(doc, "on", &value) && value);
	assert_false(json_bool(doc, "none", &value));
	assert_int_equal(json_count(doc), 5);
	assert_non_null(json_at(doc, 3, &key));
	assert_string_equal(key, "on");
	assert_null(json_at(doc, 5, &key));
	json_free(doc);
}

static void test_json_malformed(void **state)
{
	static const char *const bad[] = { "",         "{",   "{} x",
					   "{\"a\":}", "nul", "{\"a\":1}{}" };
	struct json *doc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(json_parse(bad[i], strlen(bad[i])));
	doc = json_parse(" {} \r\n", 6);
	assert_non_null(doc);
	json_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_bar_moves_within_a_step),
		cmocka_unit_test(test_bar_fits),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
