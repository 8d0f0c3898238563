/* A hub that answers by a script: twins, methods, and its bad days. */
#include "answers.h"

/* How many waits, and how long together. */
static void on_wait(void *ctx, unsigned ms, const char *why)
{
	unsigned *waits = ctx;

	(void)why;
	waits[0]++;
	waits[1] += ms;
}

/* A bad day: throttled with a header, with a text, 500, a web page from a balancer. */
static void test_retry(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 429, "Retry-After: 1\r\n" JSON_TYPE, "", 0 },
		{ "GET /devices/d1?", NULL, 429, JSON_TYPE,
		  FAILURE("ThrottlingBacklogTimeout", "Wait 1 seconds and try again."),
		  0 },
		{ "GET /devices/d1?", NULL, 500, JSON_TYPE, FAILURE("ServerError", "oh"),
		  0 },
		{ "GET /devices/d1?", NULL, 503, "Content-Type: text/html\r\n", "<html>",
		  0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	};
	unsigned waits[2] = { 0, 0 };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(
		fake, &(struct prov_hub_opts){ .waiting = on_wait, .ctx = waits });
	struct prov_stats stats;

	(void)state;
	assert_int_equal(prov_device_get(hub, "d1", NULL, NULL), 0);
	assert_int_equal(waits[0], 4);
	assert_in_range(waits[1], 2000, 2200);
	prov_hub_stats(hub, &stats);
	assert_int_equal(stats.retries, 4);
	prov_hub_close(hub);
	fake_end(fake);
}

/* It would take longer than the caller has. */
static void test_budget(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 429, JSON_TYPE,
		  FAILURE("ThrottlingBacklogTimeout", "Wait 10 seconds and try again."),
		  0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 1500 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub =
		fake_open(fake, &(struct prov_hub_opts){ .timeout_ms = 1000 });
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_device_get(hub, "d1", NULL, &err), PROV_ERR_THROTTLED);
	assert_int_equal(prov_device_get(hub, "d1", NULL, &err), PROV_ERR_TIMEOUT);
	prov_hub_close(hub);
	fake_end(fake);
}

static const struct {
	int status;
	const char *headers, *body;
	int rc;
	const char *says;
} refusals[] = {
	{ 401, NULL, FAILURE("IotHubUnauthorizedAccess", "Unauthorized"), PROV_ERR_KEY,
	  "does not take the key of the policy \"registryReadWrite\"" },
	{ 401,
	  "iothub-errorcode: IotHubUnauthorizedAccess\r\nDate: Sun, 06 Nov 1994 08:49:37 "
	  "GMT\r\n",
	  "", PROV_ERR_CLOCK, "ahead of the hub's" },
	{ 401, NULL, FAILURE("IotHubUnauthorized", "The token has expired"),
	  PROV_ERR_EXPIRED, "token has expired" },
	{ 401, NULL,
	  FAILURE("IotHubUnauthorizedAccess",
		  "Principal p is not authorized for Read on /devices"),
	  PROV_ERR_RIGHT, "lacks the right RegistryRead" },
	{ 403, NULL, "{\"errorCode\":403010,\"trackingId\":\"t\",\"message\":\"no\"}",
	  PROV_ERR_RIGHT, "lacks the right" },
	{ 403, NULL,
	  "{\"Message\":\"{\\\"errorCode\\\":403002,\\\"trackingId\\\":\\\"t\\\","
	  "\\\"message\\\":"
	  "\\\"IotHubQuotaExceeded\\\"}\",\"ExceptionMessage\":\"\"}",
	  PROV_ERR_QUOTA, "quota" },
	{ 404, NULL, NOT_FOUND, PROV_ERR_NOTFOUND, "no such device" },
	{ 404, "Content-Type: text/html\r\n", "<html><title>404</title></html>",
	  PROV_ERR_NOHUB, "with a web page" },
	{ 200, "Content-Type: text/html\r\n", "<html>Log in</html>", PROV_ERR_NOHUB,
	  "with a web page" },
	{ 302, "Location: https://login.example/\r\n", "", PROV_ERR_NOHUB,
	  "that it is elsewhere (HTTP 302)" },
	{ 501, "Content-Type: text/html\r\n", "<html>", PROV_ERR_SERVICE,
	  "fails with a web page in place of an answer (HTTP 501)" },
	{ 501, NULL, "upstream connect error", PROV_ERR_SERVICE, "fails (HTTP 501)" },
	{ 200, NULL, "{\"deviceId\":", PROV_ERR_ANSWER, "malformed JSON at byte 12" },
	{ 200, NULL, "[]", PROV_ERR_NOHUB, "not the JSON expected of a device" },
	{ 200, NULL, "", PROV_ERR_NOHUB, "not the JSON expected of a device" },
	{ 200, NULL, "{\"deviceId\":5}", PROV_ERR_NOHUB,
	  "not the JSON expected of a device" },
	{ 400, NULL, FAILURE("ArgumentInvalid", "bad \\u0007 thing"), PROV_ERR_SERVICE,
	  "bad ? thing" },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct fake_step step = { "GET /devices/d1?", NULL,
						refusals[i].status, refusals[i].headers,
						refusals[i].body,   0 };
		struct fake_hub *fake = fake_start(&step, 1);
		struct prov_hub *hub = fake_open(fake, NULL);
		struct prov_error err = { 0 };
		int rc = prov_device_get(hub, "d1", NULL, &err);

		prov_hub_close(hub);
		fake_end(fake);
		if (rc != refusals[i].rc || !strstr(err.msg, refusals[i].says))
			fail_msg("%s: %d: %s", refusals[i].body, rc, err.msg);
		assert_null(strstr(err.msg, TEST_KEY));
	}
}

static void test_twins_and_methods(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /twins/d1?", NULL, 200, NULL, "{\"version\":1}", 0 },
		{ "PATCH /twins/d1?", "{\"tags\":{\"a\":1}}", 200, NULL,
		  "{\"version\":2}", 0 },
		{ "PUT /twins/d1?", "If-Match: \"AAA=\"", 412, NULL,
		  FAILURE("PreconditionFailed", "no"), 0 },
		{ "POST /twins/d1/methods?", "\"payload\":{\"x\":1}", 200, NULL,
		  "{\"status\":201,\"payload\":[1]}", 0 },
		{ "POST /twins/d1/methods?", NULL, 404, NULL,
		  FAILURE("DeviceNotOnline", "not online"), 0 },
		{ "POST /twins/d1/modules/m%231/methods?",
		  "\"connectTimeoutInSeconds\":7", 504, NULL,
		  FAILURE("GatewayTimeout", "no"), 0 },
		/* Not again: it may have done it. */
		{ "POST /twins/d1/methods?", NULL, 0, NULL, NULL, 0 },
		{ "DELETE /devices/d1/commands?", NULL, 200, NULL,
		  "{\"deviceId\":\"d1\",\"totalMessagesPurged\":3}", 0 },
		{ "GET /statistics/devices?", NULL, 200, NULL,
		  "{\"totalDeviceCount\":3,\"enabledDeviceCount\":2,"
		  "\"disabledDeviceCount\":1}",
		  0 },
		{ "GET /statistics/service?", NULL, 200, NULL,
		  "{\"connectedDeviceCount\":1}", 0 },
	};
	const struct prov_method reboot = { .name = "reboot", .payload = "{\"x\":1}" };
	const struct prov_method modules = { .name = "r",
					     .connect_s = 7,
					     .module = "m#1" };
	const struct prov_method nobodys = { .name = "r", .module = "m/1" };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_statistics s;
	struct prov_error err;
	uint64_t purged = 0;
	char *text = NULL;
	int status = 0;

	(void)state;
	assert_int_equal(prov_twin_get(hub, "d1", &text, NULL), 0);
	assert_string_equal(text, "{\"version\":1}");
	free(text);
	assert_int_equal(
		prov_twin_patch(hub, "d1", "{\"tags\":{\"a\":1}}", NULL, NULL, NULL), 0);
	assert_int_equal(prov_twin_replace(hub, "d1", "{}", "AAA=", NULL, &err),
			 PROV_ERR_CHANGED);
	assert_int_equal(prov_twin_patch(hub, "d1", "{\"a\":x}", NULL, NULL, &err),
			 PROV_ERR_FORMAT);
	assert_int_equal(err.at, 5);
	assert_int_equal(prov_method_call(hub, "d1", &reboot, &status, &text, NULL), 0);
	assert_int_equal(status, 201);
	assert_string_equal(text, "[1]");
	free(text);
	assert_int_equal(prov_method_call(hub, "d1", &reboot, NULL, NULL, &err),
			 PROV_ERR_OFFLINE);
	assert_int_equal(prov_method_call(hub, "d1", &modules, NULL, NULL, &err),
			 PROV_ERR_TIMEOUT);
	assert_int_equal(prov_method_call(hub, "d1", &nobodys, NULL, NULL, &err),
			 PROV_ERR_ARG);
	assert_int_equal(prov_method_call(hub, "d1", &reboot, NULL, NULL, &err),
			 PROV_ERR_GONE);
	assert_int_equal(prov_c2d_purge(hub, "d1", &purged, NULL), 0);
	assert_int_equal(purged, 3);
	assert_int_equal(prov_statistics(hub, &s, NULL), 0);
	assert_int_equal(s.disabled, 1);
	assert_int_equal(s.connected, 1);
	prov_hub_close(hub);
	fake_end(fake);
}

static void test_cancel(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	};
	const volatile int cancel = 1;
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub =
		fake_open(fake, &(struct prov_hub_opts){ .cancel = &cancel });
	struct prov_hub *other = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_device_get(hub, "d1", NULL, &err), PROV_ERR_CANCELLED);
	assert_int_equal(prov_device_get(other, "d1", NULL, &err), 0);
	prov_hub_close(hub);
	prov_hub_close(other);
	fake_end(fake);
}

/* Who cannot be reached or trusted, each in its own words. */
static void test_unreachable(void **state)
{
	static const struct {
		const char *host, *connect_to, *ca;
		uint16_t port;
		int rc;
		const char *says;
	} cases[] = {
		{ FAKE_HOST, "127.0.0.1:1", NULL, 0, PROV_ERR_CONNECT,
		  FAKE_HOST ": nobody listens at 127.0.0.1:1" },
		{ "127.0.0.1", NULL, NULL, 1, PROV_ERR_CONNECT,
		  "127.0.0.1: nobody listens at port 1" },
		{ "nobody.invalid", NULL, NULL, 0, PROV_ERR_RESOLVE,
		  "nobody.invalid: this name" },
		{ FAKE_HOST, "nobody.invalid:7", NULL, 0, PROV_ERR_RESOLVE,
		  "nobody.invalid: this name" },
		{ FAKE_HOST, "", "/etc/hostname-not", 0, PROV_ERR_FILE,
		  "/etc/hostname-not: " },
		{ FAKE_HOST, "", "", 0, PROV_ERR_UNTRUSTED, "trusted here" },
		{ "other.azure-devices.net", "", NULL, 0, PROV_ERR_NAME, "another name" },
	};
	struct prov_connstr cs = { .kind = PROV_CONNSTR_SERVICE, .policy = "service" };
	struct fake_hub *fake = fake_start(NULL, 0);

	(void)state;
	cs.key = test_key(TEST_KEY);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct prov_hub_opts opts = { .backoff_ms = 2, .ca_file = fake_ca(fake) };
		struct prov_hub *hub = NULL;
		struct prov_error err = { 0 };
		int rc;

		strcpy(cs.host, cases[i].host);
		cs.port = cases[i].port;
		opts.connect_to = cases[i].connect_to;
		if (opts.connect_to && !*opts.connect_to)
			opts.connect_to = fake_address(fake);
		if (cases[i].ca)
			opts.ca_file = *cases[i].ca ? cases[i].ca : NULL;
		assert_int_equal(prov_hub_open(&cs, &opts, &hub, NULL), 0);
		rc = prov_device_get(hub, "d1", NULL, &err);
		prov_hub_close(hub);
		if (rc != cases[i].rc || !strstr(err.msg, cases[i].says))
			fail_msg("%s: %d: %s", cases[i].host, rc, err.msg);
	}
	prov_connstr_clear(&cs);
	fake_end(fake);
}

static char traced[4000];

static void on_trace(void *ctx, const char *line)
{
	(void)ctx;
	strncat(traced, line, sizeof(traced) - strlen(traced) - 1);
}

static void test_trace_and_token(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", "Authorization: Bearer t0ken", 401, NULL,
		  FAILURE("IotHubUnauthorizedAccess", "no"), 0 },
		{ "GET /devices/d1?", "Authorization: Bearer t0ken", 200, NULL,
		  DEVICE("d1"), 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub =
		fake_open(fake, &(struct prov_hub_opts){ .token_command = "echo t0ken",
							 .trace = on_trace });

	(void)state;
	assert_int_equal(prov_device_get(hub, "d1", NULL, NULL), 0);
	assert_non_null(strstr(traced, "GET /devices/d1"));
	assert_null(strstr(traced, "t0ken"));
	assert_null(strstr(traced, TEST_KEY));
	prov_hub_close(hub);
	fake_end(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_twins_and_methods),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_unreachable),
		cmocka_unit_test(test_trace_and_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
