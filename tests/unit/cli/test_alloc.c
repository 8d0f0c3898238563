/* No memory: each allocation of reading a batch file fails in turn. */
#include "batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/alloc.h"

static const char text[] = "board,device_id,hub\n"
			   "357A3A7D3137,d1,\n"
			   "\"sim:b0\",\"d2\",local\r\n";

/* The lines of the file; false with the words. */
static bool read_file(const char *file, size_t *n, struct csv_error *err)
{
	struct batch_line *lines = NULL;
	struct csv csv;
	bool good;

	alloc.counting = true;
	good = csv_parse(file, strlen(file), &csv, err);
	if (good) {
		good = batch_lines(&csv, &lines, n, err);
		csv_free(&csv);
	}
	free(lines);
	alloc.counting = false;
	return good;
}

/* Also a file that is malformed behind what was read already. */
static void test_file(void **state)
{
	static const char *const files[] = { text, "board,device_id\na,b\nc,\"d" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		for (alloc.fail_at = 1;; alloc.fail_at++) {
			struct csv_error err = { 0 };
			size_t n = 0;
			bool good;

			alloc.count = 0;
			good = read_file(files[i], &n, &err);
			if (alloc.count < alloc.fail_at) {
				assert_int_equal(good, i == 0);
				assert_int_equal(n, i == 0 ? 2 : 0);
				break;
			}
			assert_false(good);
			assert_int_equal(err.line, 0);
			assert_string_equal(err.msg, "no memory for the rows");
		}
		assert_true(alloc.fail_at > 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
