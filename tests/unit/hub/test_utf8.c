#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "utf8.h"

static void knows_what_is_well_formed(void **state)
{
	static const struct {
		const char *bytes;
		bool valid;
	} rows[] = {
		{ "", true },
		{ "plain", true },
		{ "\xc2\x80\xdf\xbf", true },
		{ "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", true },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true },
		{ "\xef\xbb\xbf", true },      /* U+FEFF */
		{ "\x80", false },             /* goes on with nothing before it */
		{ "\xc3", false },             /* ends too soon */
		{ "a\xe2\x82", false },        /* also */
		{ "\xf0\x9f\x98", false },     /* also */
		{ "\xc0\xaf", false },         /* longer than need be */
		{ "\xe0\x9f\xbf", false },     /* also */
		{ "\xf0\x8f\xbf\xbf", false }, /* also */
		{ "\xed\xa0\x80", false },     /* a surrogate */
		{ "\xed\xbf\xbf", false },     /* the last one */
		{ "\xf4\x90\x80\x80", false }, /* above U+10FFFF */
		{ "\xf5\x80\x80\x80", false }, /* also */
		{ "\xe2\x28\xa1", false },     /* the second is none */
		{ "\xe2\x82\x28", false },     /* the third */
		{ "\xf0\x9f\x98\x28", false }, /* the fourth */
		{ "\xff", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(utf8_valid(rows[i].bytes, strlen(rows[i].bytes)),
				 rows[i].valid);
	assert_true(utf8_valid("a\0b", 3));
	assert_false(utf8_valid("\xc3\xa9", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_is_well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
