/* What the hub takes for JSON. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "json.h"

/* `at` where it is malformed. */
static const struct {
	const char *text;
	bool good;
	size_t at;
} texts[] = {
	{ "{}", true, 0 },
	{ " [1, \"a\\n\", null] \n", true, 0 },
	{ "{} x", false, 3 },
	{ "", false, 0 },
	/* cJSON would end the text there. */
	{ "{\"a\":\"b\\u0000c\"}", false, 7 },
	{ "{\"a\\u0000\":1}", false, 3 },
	{ "[\"\\\\u0000\"]", true, 0 },
	{ "[\"\\u00001\"]", false, 2 },
	{ "[\"\\u0001\"]", true, 0 },
};

static void parses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t at = 0;
		struct json *json = json_parse(texts[i].text, strlen(texts[i].text), &at);

		assert_int_equal(json != NULL, texts[i].good);
		if (!texts[i].good)
			assert_int_equal(at, texts[i].at);
		json_free(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
