#include "device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HEX   "0123456789abcdefABCDEF0123456789012345678901234567890123456789ab"
#define UPPER "0123456789ABCDEFABCDEF0123456789012345678901234567890123456789AB"

static void test_thumbprints(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ HEX, true },
		{ "01:23:45:67:89:ab:cd:ef:AB:CD:EF:01:23:45:67:89:01:23:45:67:89:01:23:"
		  "45"
		  ":67:89:01:23:45:67:89:ab",
		  true },
		{ "", false },
		{ ":" HEX, false },
		{ HEX ":", false },
		{ HEX "0", false },
		{ "0:123456789abcdefABCDEF0123456789012345678901234567890123456789ab",
		  false },
		{ "0123456789abcdef0123456789abcdef01234567", false },
		{ "g123456789abcdefABCDEF0123456789012345678901234567890123456789ab",
		  false },
	};
	char to[PROV_THUMBPRINT_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (parse_thumbprint(rows[i].text, to) != rows[i].good)
			fail_msg("'%s'", rows[i].text);
		if (rows[i].good)
			assert_string_equal(to, UPPER);
	}
}

/* What goes to standard output, as text. */
static const char *printed(const char *text, int *status)
{
	static char back[512];
	int saved = dup(STDOUT_FILENO), ends[2];
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	*status = json_print_text(text);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], back, sizeof(back) - 1);
	close(ends[0]);
	back[n > 0 ? n : 0] = '\0';
	return back;
}

static void test_texts_of_others(void **state)
{
	static const struct {
		const char *text, *pretty;
	} rows[] = {
		{ "{}", "{}\n" },
		{ " [ ] ", "[]\n" },
		{ "null", "null\n" },
		{ "{\"a\":1}", "{\n  \"a\": 1\n}\n" },
		{ "{ \"a\" : [ 1 , { } ] }", "{\n  \"a\": [\n    1,\n    {}\n  ]\n}\n" },
		/* More digits than a double has. */
		{ "12345678901234567890.10", "12345678901234567890.10\n" },
		{ "\"a, b: {\\\"c\\\"}\"", "\"a, b: {\\\"c\\\"}\"\n" },
		{ "\"\\\\\"", "\"\\\\\"\n" },
		{ "\"\xc2\x9b[2J\"", "\"\\u009b[2J\"\n" },
		{ "\"\x7f\"", "\"\\u007f\"\n" },
		{ "\"h\xc3\xbc\"", "\"h\xc3\xbc\"\n" },
	};
	int status;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(printed(rows[i].text, &status), rows[i].pretty);
		assert_int_equal(status, EXIT_DONE);
	}
	assert_string_equal(printed("{\"a\":", &status), "");
	assert_int_equal(status, EXIT_BAD_DATA);
}

/* -- what a watched twin tells -------------------------------------------------------- */

static char told[1024];

static void note_change(void *ctx, const struct twin_change *c)
{
	char *was = c->was ? json_line(c->was) : NULL;
	char *is = c->is ? json_line(c->is) : NULL;
	size_t at = strlen(told);

	(void)ctx;
	snprintf(told + at, sizeof(told) - at, "%s v%.0f %s %s>%s @%s;", c->part,
		 c->version, c->path, was ? was : "", is ? is : "",
		 c->time ? c->time : "");
	free(was);
	free(is);
}

#define REPORTED(body) "{\"properties\":{\"reported\":{" body "}}}"

static void test_twin_changes(void **state)
{
	static const struct {
		const char *was, *is, *told;
	} rows[] = {
		{ "{}", "{}", "" },
		{ REPORTED("\"a\":1,\"$version\":1"), REPORTED("\"a\":1,\"$version\":2"),
		  "" },
		{ REPORTED("\"a\":1"),
		  REPORTED("\"a\":\"x\",\"$version\":7,\"$metadata\":{\"a\":{"
			   "\"$lastUpdated\":\"T\"}}"),
		  "reported v7 a 1>\"x\" @T;" },
		/* In the depth; what is gone has the time of the whole part. */
		{ REPORTED("\"led\":{\"on\":true,\"hue\":[1]}"),
		  REPORTED("\"led\":{\"on\":false,\"hue\":[1]},\"$metadata\":{"
			   "\"$lastUpdated\":\"S\",\"led\":{\"on\":{\"$lastUpdated\":"
			   "\"T\"}}}"),
		  "reported v0 led.on true>false @T;" },
		{ REPORTED("\"led\":{\"on\":true}"),
		  REPORTED("\"$metadata\":{\"$lastUpdated\":\"S\"}"),
		  "reported v0 led.on true> @S;" },
		{ REPORTED(""), REPORTED("\"a\":{\"b\":{\"c\":1}},\"e\":{}"),
		  "reported v0 a.b.c >1 @;reported v0 e >{} @;" },
		{ REPORTED("\"a\":{\"b\":1}"), REPORTED("\"a\":2"),
		  "reported v0 a {\"b\":1}>2 @;" },
		{ "{\"tags\":{\"hall\":\"3\"}}",
		  "{\"tags\":{\"hall\":\"4\"},\"properties\":{\"desired\":{\"i\":1,"
		  "\"$version\":2}}}",
		  "desired v2 i >1 @;tags v0 hall \"3\">\"4\" @;" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		told[0] = '\0';
		assert_true(twin_compare(rows[i].was, rows[i].is, note_change, NULL));
		if (strcmp(told, rows[i].told) != 0)
			fail_msg("%s: %s", rows[i].is, told);
	}
	assert_false(twin_compare("{}", "{", note_change, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_twin_changes),
		cmocka_unit_test(test_thumbprints),
		cmocka_unit_test(test_texts_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
