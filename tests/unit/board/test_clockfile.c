/* The board's time in a file. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clockfile.h"

static char dir[] = "/tmp/stmiot-unit-XXXXXX";
static char path[64];

struct seen {
	char magic[8];
	int64_t unix_ms;
	int64_t steady_ms;
};

static struct seen look(void)
{
	struct seen seen = { 0 };
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(&seen, 1, sizeof(seen), file), 24);
	assert_int_equal(fgetc(file), EOF);
	fclose(file);
	assert_memory_equal(seen.magic, "STMICLK1", 8);
	return seen;
}

static int set_up(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/clock", dir);
	return 0;
}

static int tear_down(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static void tells_the_board_s_time(void **state)
{
	struct clock clock = { .mode = CLOCK_NONE, .jumped_ns = 77000000 };
	struct clockfile *file;
	struct seen first, seen;
	struct stat stat_of;
	char err[200];

	(void)state;
	file = clockfile_open(path, &clock, err, sizeof(err));
	assert_non_null(file);
	first = look();
	assert_in_range(first.unix_ms / 1000, time(NULL) - 60, time(NULL));
	assert_int_equal(first.steady_ms, 0);
	assert_int_equal(stat(path, &stat_of), 0);
	assert_int_equal(stat_of.st_mode & 0777, 0600);
	clock.jumped_ns += INT64_C(86400) * 1000000000;
	clockfile_write(file);
	seen = look();
	assert_true(seen.steady_ms == 86400000);
	assert_true(seen.unix_ms == first.unix_ms + 86400000);
	clockfile_close(file);
	clockfile_write(NULL);

	/* the board starts again, and its own line from nothing */
	clock.jumped_ns = 0;
	file = clockfile_open(path, &clock, err, sizeof(err));
	assert_non_null(file);
	clock.jumped_ns = 5000000;
	clockfile_write(file);
	assert_true(look().steady_ms == 86400005);
	assert_true(look().unix_ms == first.unix_ms + 86400005);
	clockfile_close(file);
}

static void leaves_other_files_alone(void **state)
{
	static const char *const others[] = { "", "STMICLK1",
					      "this is somebody's letter" };
	struct clock clock = { .mode = CLOCK_NONE };
	char err[200], text[40];
	FILE *file;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		file = fopen(path, "w");
		fputs(others[i], file);
		fclose(file);
		assert_null(clockfile_open(path, &clock, err, sizeof(err)));
		assert_non_null(strstr(err, "is there, but no clock"));
		file = fopen(path, "r");
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		assert_string_equal(text, others[i]);
	}
	assert_null(clockfile_open("/nowhere/clock", &clock, err, sizeof(err)));
	assert_string_equal(err, "/nowhere/clock: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_board_s_time),
		cmocka_unit_test(leaves_other_files_alone),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
