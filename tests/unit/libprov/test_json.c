/* What the service sends, good and hostile. */
#include "prov_test.h"

#include "json.h"

#define REAL                                                                             \
	"{\"deviceId\":\"dev1\",\"generationId\":\"637\",\"etag\":\"MTIz\","             \
	"\"connectionState\":"                                                           \
	"\"Connected\",\"status\":\"disabled\",\"statusReason\":null,"                   \
	"\"connectionStateUpdatedTime\":\"0001-01-01T00:00:00\",\"statusUpdatedTime\":"  \
	"\"0001-01-01T00:00:00\",\"lastActivityTime\":\"2026-11-22T01:02:03\","          \
	"\"cloudToDeviceMessageCount\":7,\"authentication\":{\"symmetricKey\":{"         \
	"\"primaryKey\":\"" TEST_KEY "\",\"secondaryKey\":\"" TEST_KEY                   \
	"\"},\"x509Thumbprint\":{\"primaryThumbprint\":null,\"secondaryThumbprint\":"    \
	"null},"                                                                         \
	"\"type\":\"sas\"},\"capabilities\":{\"iotEdge\":true}}"

static void test_device(void **state)
{
	struct prov_secret *key = test_key(TEST_KEY);
	struct prov_device d;

	(void)state;
	assert_int_equal(json_read_device(REAL, &d, NULL), 0);
	assert_string_equal(d.id, "dev1");
	assert_string_equal(d.generation_id, "637");
	assert_string_equal(d.status_reason, "");
	assert_string_equal(d.activity_time, "2026-11-22T01:02:03");
	assert_true(d.disabled && d.connected && d.edge);
	assert_int_equal(d.c2d_pending, 7);
	assert_true(prov_secret_equal(d.secondary_key, key));
	prov_device_clear(&d);
	prov_secret_free(key);
}

static const struct {
	const char *text;
	int rc;
} devices[] = {
	{ "{\"deviceId\":\"a\"}", 0 },
	{ "{\"deviceId\":\"a\",\"authentication\":7,\"status\":{},\"etag\":[]}", 0 },
	{ "{\"deviceId\":\"a\",\"cloudToDeviceMessageCount\":-1e999}", 0 },
	{ "{\"deviceId\":\"a\",\"authenticationType\":\"selfSigned\",\"x509Thumbprint\":"
	  "{\"primaryThumbprint\":\"no hex\"}}",
	  0 },
	{ "", PROV_ERR_NOHUB },
	{ "null", PROV_ERR_NOHUB },
	{ "{}", PROV_ERR_NOHUB },
	{ "{\"deviceId\":\"a/b\"}", PROV_ERR_NOHUB },
	{ "{\"deviceId\":\"a\"} x", PROV_ERR_ANSWER },
	{ "{\"deviceId\":\"a\"", PROV_ERR_ANSWER },
	{ "{\"deviceId\":\"a\",\"authentication\":{\"type\":\"sas\",\"symmetricKey\":"
	  "{\"primaryKey\":\"*\"}}}",
	  PROV_ERR_SERVICE },
	{ "<html>", PROV_ERR_NOHUB },
};

static void test_devices(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(devices); i++) {
		struct prov_error err = { 0 };
		struct prov_device d = { 0 };

		if (json_read_device(devices[i].text, &d, &err) != devices[i].rc)
			fail_msg("%s: %s", devices[i].text, err.msg);
		prov_device_clear(&d);
	}
}

static const struct {
	const char *text;
	bool known;
	const char *code, *says, *tracking;
} failures[] = {
	{ "{\"Message\":\"ErrorCode:DeviceNotFound;gone\",\"ExceptionMessage\":"
	  "\"Tracking ID:t-1\"}",
	  true, "DeviceNotFound", "gone", "t-1" },
	{ "{\"Message\":\"ErrorCode:OnlyCode\"}", true, "OnlyCode", "", "" },
	{ "{\"Message\":\"words\"}", true, "", "words", "" },
	{ "{\"errorCode\":401002,\"trackingId\":\"t\",\"message\":"
	  "\"IotHubUnauthorizedAccess\"}",
	  true, "401002", "IotHubUnauthorizedAccess", "t" },
	{ "{\"Message\":\"{\\\"errorCode\\\":429001,\\\"message\\\":\\\"m\\\"}\"}", true,
	  "429001", "m", "" },
	{ "{\"Message\":\"{broken\"}", true, "", "{broken", "" },
	{ "{\"Message\":\"a\\u001b[2J\"}", true, "", "a?[2J", "" },
	{ "{\"error\":1}", false, "", "", "" },
	{ "[]", false, "", "", "" },
	{ "", false, "", "", "" },
};

static void test_failures(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		struct json_failure f;

		assert_int_equal(json_read_failure(failures[i].text, &f),
				 failures[i].known);
		assert_string_equal(f.code, failures[i].code);
		assert_string_equal(f.text, failures[i].says);
		assert_string_equal(f.tracking, failures[i].tracking);
	}
}

static void test_change(void **state)
{
	struct prov_secret *key = NULL, *body = NULL;
	struct prov_change c = { .set_status = true, .disabled = true };
	struct prov_error err;
	bool same = false;

	(void)state;
	assert_int_equal(json_change_device(REAL, &c, &same, &body, &err), 0);
	assert_true(same);
	assert_null(body);
	assert_int_equal(prov_secret_random(32, &key, NULL), 0);
	c.secondary_key = key;
	assert_int_equal(json_change_device(REAL, &c, &same, &body, &err), 0);
	assert_false(same);
	assert_non_null(
		strstr(prov_secret_text(body), "\"primaryKey\":\"" TEST_KEY "\""));
	assert_null(strstr(prov_secret_text(body), "\"secondaryKey\":\"" TEST_KEY "\""));
	assert_non_null(strstr(prov_secret_text(body), "\"lastActivityTime\""));
	prov_secret_free(body);
	c.primary_thumbprint = "ff";
	assert_int_equal(json_change_device(REAL, &c, &same, &body, &err),
			 PROV_ERR_REFUSED);
	prov_secret_free(key);
}

static void test_counts(void **state)
{
	struct prov_method m = { .name = "m", .payload = "[1,]" };
	struct prov_secret *body = NULL;
	struct prov_error err;
	uint64_t n = 9;
	int status = 0;

	(void)state;
	assert_int_equal(json_read_count("{\"a\":3}", "a", &n, NULL), 0);
	assert_int_equal(n, 3);
	assert_int_equal(json_read_count("{\"a\":-3}", "a", &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(json_read_count("{\"a\":\"3\"}", "a", &n, NULL), PROV_ERR_NOHUB);
	assert_int_equal(json_read_method("{\"payload\":1}", &status, NULL, NULL),
			 PROV_ERR_NOHUB);
	assert_int_equal(json_make_method(&m, &body, &err), PROV_ERR_FORMAT);
	assert_int_equal(err.at, 3);
	assert_int_equal(json_check_object("[]", &err), PROV_ERR_FORMAT);
	assert_int_equal(json_check_object("{\"a\" 1}", &err), PROV_ERR_FORMAT);
	assert_int_equal(json_check_object("{\"a\":{}}", &err), 0);
}

/* Numbers that no double holds, and a zero byte, are the device's business. */
static void test_payload_as_it_is(void **state)
{
	static const char payload[] = "{\"n\":12345678901234567890, \"z\":\"a\\u0000b\"}";
	const struct prov_method m = { .name = "m", .payload = payload };
	struct prov_secret *body = NULL;

	(void)state;
	assert_int_equal(json_make_method(&m, &body, NULL), 0);
	assert_non_null(strstr(prov_secret_text(body), payload));
	prov_secret_free(body);
}

/* The first wrong byte, or one that is not there. */
static const struct {
	const char *text;
	int rc;
	size_t at;
} objects[] = {
	{ "{}", 0, 0 },
	{ " {\"a\":[1,-2.5e+3,0,true,false,null,\"\\u00e9\\n\"],\"b\":{}}\n", 0, 0 },
	{ "", PROV_ERR_FORMAT, 0 },
	{ "x", PROV_ERR_FORMAT, 0 },
	{ "{", PROV_ERR_FORMAT, 1 },
	{ "{,}", PROV_ERR_FORMAT, 1 },
	{ "{\"a\":1,}", PROV_ERR_FORMAT, 7 },
	{ "{\"a\" 1}", PROV_ERR_FORMAT, 5 },
	{ "{\"a\":}", PROV_ERR_FORMAT, 5 },
	{ "{\"a\":x}", PROV_ERR_FORMAT, 5 },
	{ "{'a':1}", PROV_ERR_FORMAT, 1 },
	{ "{\"a\":tru}", PROV_ERR_FORMAT, 8 },
	{ "{\"a\":1.}", PROV_ERR_FORMAT, 7 },
	{ "{\"a\":-}", PROV_ERR_FORMAT, 6 },
	{ "{\"a\":1e}", PROV_ERR_FORMAT, 7 },
	{ "{\"a\":[1 2]}", PROV_ERR_FORMAT, 8 },
	{ "{\"a\":[1}", PROV_ERR_FORMAT, 7 },
	{ "{\"a\":\"b", PROV_ERR_FORMAT, 7 },
	{ "{\"a\":\"\\x\"}", PROV_ERR_FORMAT, 7 },
	{ "{\"a\":\"\\u12g4\"}", PROV_ERR_FORMAT, 10 },
	{ "{} {}", PROV_ERR_FORMAT, 3 },
	/* No object. */
	{ "[]", PROV_ERR_FORMAT, 0 },
};

static void test_positions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(objects); i++) {
		struct prov_error err = { 0 };
		int rc = json_check_object(objects[i].text, &err);

		if (rc != objects[i].rc || err.at != objects[i].at)
			fail_msg("%s: %d at %zu: %s", objects[i].text, rc, err.at,
				 err.msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),    cmocka_unit_test(test_devices),
		cmocka_unit_test(test_failures),  cmocka_unit_test(test_change),
		cmocka_unit_test(test_counts),    cmocka_unit_test(test_payload_as_it_is),
		cmocka_unit_test(test_positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
