#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device.h"
#include "twin.h"

static struct json *parse(const char *text)
{
	struct json *json = json_parse(text, strlen(text), NULL);

	assert_non_null(json);
	return json;
}

static void knows_ids(void **state)
{
	char id[131];

	(void)state;
	memset(id, 'a', sizeof(id));
	id[128] = '\0';
	assert_true(device_id_valid(id));
	id[128] = 'a';
	id[129] = '\0';
	assert_false(device_id_valid(id));
	assert_true(device_id_valid("aZ09-.+%_#*?!(),=@$':"));
	assert_false(device_id_valid(""));
	assert_false(device_id_valid("a b"));
	assert_false(device_id_valid("a/b"));
	assert_false(device_id_valid("\xc3\xa9"));
}

static void matches_etags(void **state)
{
	(void)state;
	assert_true(etag_matches("\"abc=\"", "abc="));
	assert_true(etag_matches("abc=", "abc="));
	assert_true(etag_matches("W/\"abc=\"", "abc="));
	assert_true(etag_matches("*", "abc="));
	assert_true(etag_matches("\"*\"", "abc="));
	assert_false(etag_matches("\"abc\"", "abc="));
	assert_false(etag_matches("\"\"", "abc="));
	assert_false(etag_matches("", "abc="));
}

static void takes_identities(void **state)
{
	static const struct {
		const char *body;
		enum auth auth; /* AUTHS: refused */
	} rows[] = {
		{ "{}", AUTH_SAS },
		{ "{\"authentication\":{\"type\":\"SAS\"}}", AUTH_SAS },
		{ "{\"authentication\":{\"type\":\"none\"}}", AUTH_NONE },
		{ "{\"authentication\":{\"type\":\"certificateAuthority\"}}", AUTH_CA },
		{ "{\"authentication\":{\"type\":\"tpm\"}}", AUTHS },
		{ "{\"authentication\":{\"type\":\"selfSigned\"}}", AUTHS },
		{ "{\"authentication\":{\"x509Thumbprint\":{\"primaryThumbprint\":"
		  "\"0123456789012345678901234567890123456789\"}}}",
		  AUTH_SELF_SIGNED },
		{ "{\"authentication\":{\"symmetricKey\":{\"primaryKey\":\"c2hvcnQ=\"}}}",
		  AUTHS },
		{ "{\"status\":\"off\"}", AUTHS },
		{ "{\"status\":\"disabled\",\"statusReason\":\"stolen\"}", AUTH_SAS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *body = parse(rows[i].body);
		struct device device;
		const char *wrong;

		assert_true(device_init(&device, "d", "", 0));
		wrong = device_apply(&device, body, 0);
		assert_int_equal(wrong != NULL, rows[i].auth == AUTHS);
		if (!wrong) {
			assert_int_equal(device.auth, rows[i].auth);
			assert_int_equal(strlen(device.primary),
					 rows[i].auth == AUTH_SAS           ? 44
					 : rows[i].auth == AUTH_SELF_SIGNED ? 40
									    : 0);
		}
		device_free(&device);
		json_free(body);
	}
}

/* Changes in turn, and what the tags, the desired properties and versions are then. */
static void merges_twins(void **state)
{
	static const struct {
		enum twin_change how;
		const char *body;
		const char *desired; /* NULL: refused */
		int desired_version;
	} rows[] = {
		{ TWIN_PATCH, "{\"properties\":{\"desired\":{\"a\":{\"b\":1,\"c\":2}}}}",
		  "{\"a\":{\"b\":1,\"c\":2}}", 2 },
		{ TWIN_PATCH,
		  "{\"properties\":{\"desired\":{\"a\":{\"b\":null},\"d\":[1]}}}",
		  "{\"a\":{\"c\":2},\"d\":[1]}", 3 },
		{ TWIN_PATCH, "{\"properties\":{\"desired\":{\"a\":5,\"$version\":9}}}",
		  "{\"a\":5,\"d\":[1]}", 4 },
		{ TWIN_PATCH, "{\"tags\":{\"t\":1}}", "{\"a\":5,\"d\":[1]}", 4 },
		{ TWIN_PATCH, "{\"properties\":{\"desired\":{\"a.b\":5}}}", NULL, 4 },
		{ TWIN_PATCH, "{\"properties\":{\"desired\":{\"$a\":5}}}", NULL, 4 },
		{ TWIN_PATCH, "{\"properties\":{\"desired\":[]}}", NULL, 4 },
		{ TWIN_PATCH, "[]", NULL, 4 },
		{ TWIN_PATCH,
		  "{\"properties\":{\"desired\":{\"a\":{\"x\":{\"y\":null}}}}}",
		  "{\"a\":{\"x\":{}},\"d\":[1]}", 5 },
		{ TWIN_REPLACE, "{\"properties\":{\"desired\":{\"z\":1}}}", "{\"z\":1}",
		  6 },
		{ TWIN_PATCH, "{\"properties\":{\"desired\":null}}", "{}", 7 },
	};
	struct device device;

	(void)state;
	assert_true(device_init(&device, "d", "", 0));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *body = parse(rows[i].body);
		const char *wrong = twin_apply(&device.twin, body, rows[i].how, 0);

		assert_int_equal(wrong == NULL, rows[i].desired != NULL);
		if (!wrong)
			assert_string_equal(device.twin.desired, rows[i].desired);
		assert_int_equal(device.twin.desired_version, rows[i].desired_version);
		json_free(body);
	}
	assert_string_equal(device.twin.tags, "{}");
	device_free(&device);
}

static void limits_twins(void **state)
{
	char text[12000];
	struct device device;
	struct json *body;

	(void)state;
	assert_true(device_init(&device, "d", "", 0));
	strcpy(text, "{\"tags\":{\"a\":\"");
	memset(text + 14, 'x', 4097);
	strcpy(text + 14 + 4097, "\"}}");
	body = parse(text);
	assert_non_null(twin_apply(&device.twin, body, TWIN_PATCH, 0));
	json_free(body);
	body = parse("{\"tags\":{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":{"
		     "\"9\":{"
		     "\"10\":1}}}}}}}}}}}");
	assert_null(twin_apply(&device.twin, body, TWIN_PATCH, 0));
	json_free(body);
	body = parse("{\"tags\":{\"1\":{\"2\":{\"3\":{\"4\":{\"5\":{\"6\":{\"7\":{\"8\":{"
		     "\"9\":{"
		     "\"10\":{}}}}}}}}}}}}");
	assert_non_null(twin_apply(&device.twin, body, TWIN_PATCH, 0));
	json_free(body);
	device_free(&device);
}

static void writes_times(void **state)
{
	char text[TIME_TEXT];

	(void)state;
	clock_iso(text, TIME_NONE);
	assert_string_equal(text, "0001-01-01T00:00:00Z");
	clock_iso(text, INT64_C(1700000000123));
	assert_string_equal(text, "2023-11-14T22:13:20.123Z");
	clock_http(text, INT64_C(1700000000123));
	assert_string_equal(text, "Tue, 14 Nov 2023 22:13:20 GMT");
	clock_stamp(text, INT64_C(1700000000123));
	assert_string_equal(text, "11/14/2023 22:13:20");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_ids),        cmocka_unit_test(matches_etags),
		cmocka_unit_test(takes_identities), cmocka_unit_test(merges_twins),
		cmocka_unit_test(limits_twins),     cmocka_unit_test(writes_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
