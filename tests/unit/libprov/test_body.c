/* The bodies that make devices, byte by byte. */
#include "body.h"
#include "prov_test.h"

#define KEY_2 "HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEYS(primary, secondary)                                                         \
	"\"authentication\":{\"type\":\"sas\",\"symmetricKey\":{\"primaryKey\":"         \
	"\"" primary "\",\"secondaryKey\":\"" secondary "\"}}"

static void assert_body(int rc, struct prov_secret *body, const char *want)
{
	size_t len = 0;

	assert_int_equal(rc, 0);
	prov_secret_bytes(body, &len);
	assert_string_equal(prov_secret_text(body), want);
	assert_int_equal(len, strlen(want));
	prov_secret_free(body);
}

static void test_device(void **state)
{
	static const struct {
		struct prov_device device;
		const char *body;
	} devices[] = {
		{ { .id = "d1" },
		  "{\"deviceId\":\"d1\",\"status\":\"enabled\"," KEYS("", "") "}" },
		{ { .id = "d1",
		    .auth = PROV_AUTH_SELFSIGNED,
		    .disabled = true,
		    .status_reason = "lost \"it\" \\\n\x01 \xc3\xa9",
		    .primary_thumbprint = "AB",
		    .secondary_thumbprint = "CD",
		    .edge = true },
		  "{\"deviceId\":\"d1\",\"status\":\"disabled\","
		  "\"statusReason\":\"lost \\\"it\\\" \\\\\\u000a\\u0001 \xc3\xa9\","
		  "\"authentication\":{\"type\":\"selfSigned\",\"x509Thumbprint\":{"
		  "\"primaryThumbprint\":\"AB\",\"secondaryThumbprint\":\"CD\"}},"
		  "\"capabilities\":{\"iotEdge\":true}}" },
		{ { .id = "d1", .auth = PROV_AUTH_CA },
		  "{\"deviceId\":\"d1\",\"status\":\"enabled\","
		  "\"authentication\":{\"type\":\"certificateAuthority\"}}" },
	};
	struct prov_secret *body = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(devices); i++) {
		int rc = body_device(&devices[i].device, &body, NULL);

		assert_body(rc, body, devices[i].body);
	}
}

static void test_keys(void **state)
{
	struct prov_device device = { .id = "d1",
				      .primary_key = test_key(TEST_KEY),
				      .secondary_key = test_key(KEY_2) };
	struct prov_secret *body = NULL;
	int rc = body_device(&device, &body, NULL);

	(void)state;
	assert_body(
		rc, body,
		"{\"deviceId\":\"d1\",\"status\":\"enabled\"," KEYS(TEST_KEY, KEY_2) "}");
	prov_device_clear(&device);
}

static void test_bulk(void **state)
{
	static const struct prov_device devices[] = { { .id = "a" },
						      { .id = "b", .etag = "MQ==" } };
	static const struct body_row rows[] = {
		{ "create", &devices[0], true },
		{ "updateIfMatchETag", &devices[1], true },
		{ "delete", &devices[1], false },
	};
	struct prov_secret *body = NULL;
	int rc = body_bulk(rows, COUNT(rows), &body, NULL);

	(void)state;
	assert_body(
		rc, body,
		"[{\"id\":\"a\",\"importMode\":\"create\",\"status\":\"enabled\"," KEYS(
			"", "") "},"
				"{\"id\":\"b\",\"importMode\":\"updateIfMatchETag\","
				"\"eTag\":\"MQ==\","
				"\"status\":\"enabled\"," KEYS(
					"",
					"") "},"
					    "{\"id\":\"b\",\"importMode\":\"delete\"}]");
}

static void test_no_auth(void **state)
{
	const struct prov_device device = { .id = "d1", .auth = (enum prov_auth)7 };
	struct prov_secret *body = NULL;
	struct prov_error err;

	(void)state;
	assert_int_equal(body_device(&device, &body, &err), PROV_ERR_ARG);
	assert_null(body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_device),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_no_auth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
