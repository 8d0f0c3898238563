/* The registry against a hub that answers by a script. */
#include "answers.h"

static const struct prov_device d1 = { .id = "d1" };

static void test_create(void **state)
{
	static const struct fake_step steps[] = {
		{ "PUT /devices/d1?api-version=2021-04-12 ", "\"primaryKey\":\"\"", 200,
		  NULL, DEVICE("d1"), 0 },
		{ "PUT /devices/a%23b?", "\"disabled\"", 200, NULL, DEVICE("a#b"), 0 },
		{ "PUT /devices/d1?", NULL, 409, NULL, EXISTS, 0 },
	};
	const struct prov_device odd = { .id = "a#b", .disabled = true };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_secret *key = test_key(TEST_KEY);
	struct prov_error err = { 0 };
	struct prov_device out;
	struct prov_stats stats;

	(void)state;
	assert_int_equal(prov_device_create(hub, &d1, &out, &err), 0);
	assert_true(prov_secret_equal(out.primary_key, key));
	assert_string_equal(out.etag, "MQ==");
	prov_device_clear(&out);
	assert_null(strcasestr(fake_request(fake, 0), "if-match"));
	assert_int_equal(prov_device_create(hub, &odd, NULL, &err), 0);
	assert_int_equal(prov_device_create(hub, &d1, &out, &err), PROV_ERR_EXISTS);
	assert_string_equal(err.tracking_id, "abc-TimeStamp:1");
	assert_string_equal(err.service_code, "DeviceAlreadyExists");
	assert_int_equal(err.http_status, 409);
	prov_hub_stats(hub, &stats);
	assert_int_equal(stats.requests, 3);
	assert_int_equal(stats.connections, 1);
	prov_secret_free(key);
	prov_hub_close(hub);
	fake_end(fake);
}

/* What got no answer is looked for, never made again under another name or deleted. */
static void test_create_unanswered(void **state)
{
	static const struct fake_step steps[] = {
		{ "PUT /devices/d1?", NULL, 0, NULL, NULL, 0 },
		{ "PUT /devices/d1?", NULL, 409, NULL, EXISTS, 0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_device out;
	bool existed = true;

	(void)state;
	assert_int_equal(prov_device_ensure(hub, &d1, &out, &existed, NULL), 0);
	assert_false(existed);
	assert_non_null(out.primary_key);
	prov_device_clear(&out);
	prov_hub_close(hub);
	fake_end(fake);
}

/* The same answers, but that device has been in use: it is somebody's. */
static void test_create_unanswered_other(void **state)
{
	static const struct fake_step steps[] = {
		{ "PUT /devices/d1?", NULL, 0, NULL, NULL, 0 },
		{ "PUT /devices/d1?", NULL, 409, NULL, EXISTS, 0 },
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "MQ==", "enabled",
			    "\"lastActivityTime\":\"2026-01-01T00:00:00\",", TEST_KEY),
		  0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_device_create(hub, &d1, NULL, &err), PROV_ERR_EXISTS);
	prov_hub_close(hub);
	fake_end(fake);
}

static void test_ensure(void **state)
{
	static const struct fake_step steps[] = {
		{ "PUT /devices/d1?", NULL, 409, NULL, EXISTS, 0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
		{ "PUT /devices/d1?", "selfSigned", 409, NULL, EXISTS, 0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	};
	const struct prov_device signed_d1 = { .id = "d1",
					       .auth = PROV_AUTH_SELFSIGNED,
					       .primary_thumbprint = "00ff" };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;
	bool existed = false;

	(void)state;
	assert_int_equal(prov_device_ensure(hub, &d1, NULL, &existed, NULL), 0);
	assert_true(existed);
	assert_int_equal(prov_device_ensure(hub, &signed_d1, NULL, NULL, &err),
			 PROV_ERR_REFUSED);
	prov_hub_close(hub);
	fake_end(fake);
}

/* Both keys and what we do not know go back, under the ETag; a race is run again. */
static void test_update(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "MQ==", "enabled", "\"deviceScope\":\"s\",", TEST_KEY),
		  0 },
		{ "PUT /devices/d1?", "If-Match: \"MQ==\"", 412, NULL,
		  FAILURE("PreconditionFailed", "no"), 0 },
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "Mg==", "enabled", "\"deviceScope\":\"s\",", TEST_KEY),
		  0 },
		{ "PUT /devices/d1?", "If-Match: \"Mg==\"", 200, NULL,
		  DEVICE_OF("d1", "Mw==", "disabled", "", TEST_KEY), 0 },
		/* It is so already: nothing to send. */
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "Mw==", "disabled", "", TEST_KEY), 0 },
		/* Another one than the caller has seen. */
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "NA==", "disabled", "", TEST_KEY), 0 },
	};
	const struct prov_change off = { .set_status = true, .disabled = true };
	const struct prov_change on = { .set_status = true, .etag = "Mw==" };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_device out;
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_device_update(hub, "d1", &off, &out, &err), 0);
	assert_true(out.disabled);
	assert_string_equal(out.etag, "Mw==");
	prov_device_clear(&out);
	assert_non_null(strstr(fake_request(fake, 3), TEST_KEY));
	assert_non_null(strstr(fake_request(fake, 3), OTHER_KEY));
	assert_non_null(strstr(fake_request(fake, 3), "deviceScope"));
	assert_int_equal(prov_device_update(hub, "d1", &off, NULL, &err), 0);
	assert_int_equal(prov_device_update(hub, "d1", &on, NULL, &err),
			 PROV_ERR_CHANGED);
	prov_hub_close(hub);
	fake_end(fake);
}

/* The caller's own ETag, and the answer to the PUT that used it up is lost. */
static void test_update_unanswered(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
		{ "PUT /devices/d1?", "If-Match: \"MQ==\"", 0, NULL, NULL, 0 },
		{ "PUT /devices/d1?", "If-Match: \"MQ==\"", 412, NULL,
		  FAILURE("PreconditionFailed", "no"), 0 },
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "Mg==", "disabled", "", TEST_KEY), 0 },
		/* Again, but it was somebody else's doing. */
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
		{ "PUT /devices/d1?", NULL, 503, NULL, FAILURE("ServerBusy", "no"), 0 },
		{ "PUT /devices/d1?", NULL, 412, NULL,
		  FAILURE("PreconditionFailed", "no"), 0 },
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "Mg==", "enabled", "\"statusReason\":\"x\",", TEST_KEY),
		  0 },
	};
	const struct prov_change off = { .set_status = true,
					 .disabled = true,
					 .etag = "MQ==" };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_device out;
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_device_update(hub, "d1", &off, &out, &err), 0);
	assert_string_equal(out.etag, "Mg==");
	prov_device_clear(&out);
	assert_int_equal(prov_device_update(hub, "d1", &off, NULL, &err),
			 PROV_ERR_CHANGED);
	prov_hub_close(hub);
	fake_end(fake);
}

static void test_no_keys_no_update(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 200, NULL,
		  DEVICE_OF("d1", "MQ==", "enabled", "", ""), 0 },
	};
	const struct prov_change off = { .set_status = true, .disabled = true };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_device_update(hub, "d1", &off, NULL, &err), PROV_ERR_RIGHT);
	prov_hub_close(hub);
	fake_end(fake);
}

static void test_regenerate(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
		{ "PUT /devices/d1?", TEST_KEY, 200, NULL, DEVICE("d1"), 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);

	(void)state;
	assert_int_equal(prov_device_regenerate(hub, "d1", true, NULL, NULL), 0);
	assert_null(strstr(fake_request(fake, 1), OTHER_KEY));
	prov_hub_close(hub);
	fake_end(fake);
}

static void test_delete(void **state)
{
	static const struct fake_step steps[] = {
		{ "DELETE /devices/d1?", "If-Match: \"*\"", 204, NULL, NULL, 0 },
		{ "DELETE /devices/d1?", "If-Match: \"MQ==\"", 404, NULL, NOT_FOUND, 0 },
		/* Deleted by the first request, which got no answer. */
		{ "DELETE /devices/d1?", NULL, 0, NULL, NULL, 0 },
		{ "DELETE /devices/d1?", NULL, 404, NULL, NOT_FOUND, 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);

	(void)state;
	assert_int_equal(prov_device_delete(hub, "d1", NULL, NULL), 0);
	assert_int_equal(prov_device_delete(hub, "d1", "MQ==", NULL), PROV_ERR_NOTFOUND);
	assert_int_equal(prov_device_delete(hub, "d1", NULL, NULL), 0);
	prov_hub_close(hub);
	fake_end(fake);
}

struct names {
	char all[200];
	int left;
};

static int on_device(void *ctx, const struct prov_device *device)
{
	struct names *names = ctx;

	strcat(names->all, device->id);
	return --names->left == 0;
}

static void test_list(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /devices/query?",
		  "SELECT * FROM devices WHERE status = 'disabled'", 200,
		  "x-ms-continuation: next\r\n" JSON_TYPE,
		  "[{\"deviceId\":\"a\",\"authenticationType\":\"sas\"},{\"deviceId\":"
		  "\"b\"}]",
		  0 },
		{ "POST /devices/query?", "x-ms-continuation: next", 200, NULL,
		  "[{\"deviceId\":\"c\"}]", 0 },
		{ "POST /devices/query?", "x-ms-max-item-count: 1000", 200,
		  "x-ms-continuation: more\r\n" JSON_TYPE,
		  "[{\"deviceId\":\"a\"},{\"deviceId\":\"b\"}]", 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct names names = { "", 99 };

	(void)state;
	assert_int_equal(
		prov_device_list(hub, "status = 'disabled'", on_device, &names, NULL), 0);
	assert_string_equal(names.all, "abc");
	names.left = 1;
	assert_int_equal(prov_device_list(hub, NULL, on_device, &names, NULL),
			 PROV_ERR_CANCELLED);
	assert_string_equal(names.all, "abca");
	prov_hub_close(hub);
	fake_end(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_create_unanswered),
		cmocka_unit_test(test_create_unanswered_other),
		cmocka_unit_test(test_ensure),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_update_unanswered),
		cmocka_unit_test(test_no_keys_no_update),
		cmocka_unit_test(test_regenerate),
		cmocka_unit_test(test_delete),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
