#include "prov_test.h"

#include "retry.h"

#define NOW 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static void test_backoff(void **state)
{
	(void)state;
	assert_int_equal(retry_backoff(1000, 30000, 0, 0), 0);
	assert_int_equal(retry_backoff(1000, 30000, 0, UINT32_MAX), 999);
	assert_int_equal(retry_backoff(1000, 30000, 1, 1u << 31), 1000);
	assert_int_equal(retry_backoff(1000, 30000, 3, 1u << 31), 4000);
	assert_int_equal(retry_backoff(1000, 30000, 10, UINT32_MAX), 29999);
	assert_int_equal(retry_backoff(1000, 30000, 4000000000u, UINT32_MAX), 29999);
	assert_int_equal(retry_backoff(UINT32_MAX, UINT32_MAX, 99, UINT32_MAX),
			 UINT32_MAX - 1);
}

static const struct {
	const char *text;
	bool ok;
	unsigned ms;
} headers[] = {
	{ "0", true, 0 },
	{ "10", true, 10000 },
	{ "99999999999999999999", true, 3600000 },
	{ "Sun, 06 Nov 1994 08:49:47 GMT", true, 10000 },
	{ "Sun, 06 Nov 1994 08:49:00 GMT", true, 0 },
	{ "Sun, 06 Nov 2094 08:49:00 GMT", true, 3600000 },
	{ "", false, 0 },
	{ "-1", false, 0 },
	{ "10 seconds", false, 0 },
	{ "soon", false, 0 },
	{ "Sun, 06 Foo 1994 08:49:47 GMT", false, 0 },
	{ "Sun, 06 Nov 1994 28:49:47 GMT", false, 0 },
	{ "Sun, 06 Nov 1994 08:49:47 CET", false, 0 },
};

static const struct {
	const char *text;
	bool ok;
	unsigned ms;
} texts[] = {
	{ "The request has been throttled. Wait 10 seconds and try again. Operation "
	  "type: CRUD",
	  true, 10000 },
	{ "wait 1 second", true, 1000 },
	{ "do not wait long, wait 3 seconds", true, 3000 },
	{ "Wait 99999999999 seconds", true, 3600000 },
	{ "Wait 10 minutes", false, 0 },
	{ "await seconds", false, 0 },
	{ "", false, 0 },
};

static void test_header(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		unsigned ms = 0;

		if (retry_header(headers[i].text, NOW, &ms) != headers[i].ok)
			fail_msg("%s", headers[i].text);
		if (headers[i].ok)
			assert_int_equal(ms, headers[i].ms);
	}
}

static void test_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		unsigned ms = 0;

		if (retry_text(texts[i].text, &ms) != texts[i].ok)
			fail_msg("%s", texts[i].text);
		if (texts[i].ok)
			assert_int_equal(ms, texts[i].ms);
	}
}

static void test_status(void **state)
{
	static const int again[] = { 408, 429, 500, 502, 503, 504 };
	static const int never[] = {
		200, 204, 301, 400, 401, 403, 404, 409, 412, 413, 501
	};

	(void)state;
	for (size_t i = 0; i < COUNT(again); i++)
		assert_true(retry_status(again[i]));
	for (size_t i = 0; i < COUNT(never); i++)
		assert_false(retry_status(never[i]));
	assert_int_equal(retry_date("Sun, 06 Nov 1994 08:49:37 GMT"), NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
