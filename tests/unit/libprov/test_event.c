/* Events, whatever they came from. */
#include "prov_test.h"

static void test_find(void **state)
{
	static const struct prov_named list[] = {
		{ { "temp", 4 }, { .type = PROV_VALUE_INT, .integer = 7 } },
		{ { "temperature", 11 }, { .type = PROV_VALUE_NULL } },
		{ { "temp", 4 }, { .type = PROV_VALUE_INT, .integer = 8 } },
	};

	(void)state;
	assert_ptr_equal(prov_named_find(list, 3, "temp"), &list[0]);
	assert_ptr_equal(prov_named_find(list, 3, "temperature"), &list[1]);
	assert_null(prov_named_find(list, 3, "tem"));
	assert_null(prov_named_find(list, 3, ""));
	assert_null(prov_named_find(NULL, 0, "temp"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
