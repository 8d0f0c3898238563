#include "cli.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint32_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "4096", true, 4096 },
		{ "0x08000000", true, 0x08000000 },
		{ "0XfF", true, 255 },
		{ "16K", true, 16384 },
		{ "1M", true, 1048576 },
		{ "0x10k", true, 16384 },
		{ "4294967295", true, UINT32_MAX },
		{ "4294967296", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "4096M", false, 0 },
		{ "4194304K", false, 0 },
		{ "", false, 0 },
		{ "0x", false, 0 },
		{ "K", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "12KB", false, 0 },
		{ "1.5M", false, 0 },
		{ "08000000h", false, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t value = 77;

		if (parse_number(rows[i].text, &value) != rows[i].good ||
		    value != (rows[i].good ? rows[i].value : 77))
			fail_msg("'%s': %u", rows[i].text, value);
	}
}

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds; /* 0: refused */
	} rows[] = {
		{ "1", 1 },
		{ "90s", 90 },
		{ "30m", 1800 },
		{ "1h", 3600 },
		{ "7d", 604800 },
		{ "3660d", 316224000 },
		{ "3661d", 0 },
		{ "0", 0 },
		{ "0h", 0 },
		{ "", 0 },
		{ "h", 0 },
		{ "1H", 0 },
		{ "1h30m", 0 },
		{ "-1h", 0 },
		{ " 1h", 0 },
		{ "1 h", 0 },
		{ "99999999999999999999s", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t seconds = 0;

		if (parse_duration(rows[i].text, &seconds) != (rows[i].seconds != 0) ||
		    seconds != rows[i].seconds)
			fail_msg("'%s': %u", rows[i].text, seconds);
	}
}

/* -- command lines ----------------------------------------------------------------- */

static bool full, full_given, loud;
static unsigned verbose;
static const char *output, *voltage;
static uint32_t address;
static struct opt_list boards;

static const struct opt own[] = {
	{ OPT_FLAG, 'f', "full", NULL, "up, down: all", &full, &full_given, NULL },
	{ OPT_TEXT, 'o', "output", "FILE", "up: (or: away)", &output, NULL, NULL },
	{ OPT_NUMBER, 0, "address", "ADDR", "where to: up", &address, NULL, NULL },
	{ OPT_CHOICE, 0, "voltage", "auto|1.8|2.1", "", &voltage, NULL, NULL },
	{ 0 },
};

static const struct opt more[] = {
	{ OPT_LIST, 'b', "board", "SEL", "", &boards, NULL, NULL },
	{ OPT_COUNT, 'v', "verbose", NULL, "", &verbose, NULL, NULL },
	{ OPT_FLAG, 0, "loud", NULL, "", &loud, NULL, NULL },
	{ 0 },
};

static int parse_aloud(int argc, char **argv, bool leading)
{
	return opts_parse(argc, argv, own, more, leading);
}

/* What it says of each wrong line is for the tests of the command. */
static int quietly(int (*does)(int argc, char **argv, bool flag), int argc, char **argv,
		   bool flag)
{
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY), n;

	dup2(null, STDERR_FILENO);
	n = does(argc, argv, flag);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	return n;
}

static int parse_quietly(int argc, char **argv, bool leading)
{
	return quietly(parse_aloud, argc, argv, leading);
}

/* What came out of a line, as text to be compared. */
static const char *parse(const char *line, bool leading)
{
	static char result[512];
	char copy[256], *argv[32];
	int argc = 0, n, i;
	char *word;

	full = full_given = loud = false;
	verbose = 0;
	output = voltage = NULL;
	address = 0;
	boards.n = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	n = parse_quietly(argc, argv, leading);
	if (n < 0)
		return "refused";
	snprintf(result, sizeof(result), "%s%s%s v%u o=%s V=%s a=%x", full ? "full" : "",
		 full_given ? "!" : "", loud ? "loud" : "", verbose, output ? output : "",
		 voltage ? voltage : "", address);
	for (i = 0; i < (int)boards.n; i++)
		strcat(strcat(result, " b="), boards.items[i]);
	for (i = 0; i < n && !leading; i++)
		strcat(strcat(result, " "), argv[i]);
	if (leading)
		sprintf(result + strlen(result), " @%d", n);
	return result;
}

static void test_lines(void **state)
{
	static const struct {
		const char *line, *result;
	} rows[] = {
		{ "", " v0 o= V= a=0" },
		{ "a.bin", " v0 o= V= a=0 a.bin" },
		{ "--full", "full! v0 o= V= a=0" },
		{ "a --full b -v c", "full! v1 o= V= a=0 a b c" },
		{ "-vvf", "full! v2 o= V= a=0" },
		{ "-ox", " v0 o=x V= a=0" },
		{ "-fox", "full! v0 o=x V= a=0" },
		{ "-o x -- -f --full", " v0 o=x V= a=0 -f --full" },
		{ "-o -- y", " v0 o=-- V= a=0 y" },
		{ "--output=x=y", " v0 o=x=y V= a=0" },
		{ "--output= y", " v0 o= V= a=0 y" },
		{ "--output --full", " v0 o=--full V= a=0" },
		{ "- --address 16K", " v0 o= V= a=4000 -" },
		{ "--voltage 1.8", " v0 o= V=1.8 a=0" },
		{ "-b x -by --board=z", " v0 o= V= a=0 b=x b=y b=z" },
		{ "--voltage 1", "refused" },
		{ "--voltage=1.8|2.1", "refused" },
		{ "--address x", "refused" },
		{ "--address", "refused" },
		{ "-o", "refused" },
		{ "--full=yes", "refused" },
		{ "--ful", "refused" },
		{ "--fulll", "refused" },
		{ "-x", "refused" },
		{ "-fx", "refused" },
		{ "--=", "refused" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(parse(rows[i].line, false), rows[i].result) != 0)
			fail_msg("'%s': '%s'", rows[i].line, parse(rows[i].line, false));
}

static void test_leading(void **state)
{
	(void)state;
	assert_string_equal(parse("-v flash -v", true), " v1 o= V= a=0 @1");
	assert_string_equal(parse("-b x --loud flash", true), "loud v0 o= V= a=0 b=x @3");
	assert_string_equal(parse("-v", true), " v1 o= V= a=0 @1");
	assert_string_equal(parse("-- flash", true), " v0 o= V= a=0 @1");
}

static int check_aloud(int argc, char **argv, bool flag)
{
	(void)argc;
	(void)flag;
	return opts_check_verb(own, argv[0]);
}

/* Whether an option stands before the verb or behind it. */
static void test_verbs(void **state)
{
	static const struct {
		const char *line;
		int status;
	} rows[] = {
		{ "up", 0 },
		{ "up --full", 0 },
		{ "--full down", 0 },
		{ "up -fo x", 0 },
		{ "-ox up -v --loud", 0 },
		{ "down -ox", EXIT_USAGE },
		{ "--full do", EXIT_USAGE },
		{ "upd --full", EXIT_USAGE },
		{ "status --address 1 --voltage auto -b x", 0 },
		{ "status --full", EXIT_USAGE },
		/* Not an option: behind the end of them. */
		{ "status -- --full", 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char copy[64], *argv[8], *word;
		int argc = 0;

		snprintf(copy, sizeof(copy), "%s", rows[i].line);
		for (word = strtok(copy, " "); word; word = strtok(NULL, " "))
			argv[argc++] = word;
		assert_true(parse_quietly(argc, argv, false) > 0);
		if (quietly(check_aloud, 1, argv, false) != rows[i].status)
			fail_msg("'%s'", rows[i].line);
	}
}

static void test_too_many(void **state)
{
	static char option[] = "-b", value[] = "x";
	char *argv[130];
	int i;

	(void)state;
	boards.n = 0;
	for (i = 0; i < 130; i++)
		argv[i] = i % 2 ? value : option;
	assert_int_equal(parse_quietly(128, argv, false), 0);
	boards.n = 0;
	assert_int_equal(parse_quietly(130, argv, false), -1);
}

static void test_words(void **state)
{
	char word[4];

	(void)state;
	assert_true(opts_word("a|bc|", 1, word, sizeof(word)));
	assert_string_equal(word, "bc");
	assert_true(opts_word("a|bc|", 2, word, sizeof(word)));
	assert_string_equal(word, "");
	assert_false(opts_word("a|bc|", 3, word, sizeof(word)));
	assert_false(opts_word(NULL, 0, word, sizeof(word)));
	assert_true(opts_word("abcdefg", 0, word, sizeof(word)));
	assert_string_equal(word, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_durations),
		cmocka_unit_test(test_lines),   cmocka_unit_test(test_leading),
		cmocka_unit_test(test_verbs),   cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
