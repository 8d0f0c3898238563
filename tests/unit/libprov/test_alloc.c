/*
 * No memory: each allocation of a story fails in turn, ours, cJSON's and curl's. With a sanitizer this also shows that nothing leaks, and that nothing is
 * freed twice.
 */
#include "curl.h"
#include "dps.h"

/* cmocka has one of its own. */
#undef fail

#include "answers.h"

#include "tests/unit/alloc.h"

#include <cjson/cJSON.h>
#include <openssl/crypto.h>

#define WRONG 1 /* no failure was told, but something is missing */

/* -- the libraries behind it --------------------------------------------------------- */

/* Within curl only for what it is told: while it works, 7.88 frees a text twice itself. */
static __thread bool with_curl;

static CURLMcode act_without(CURLM *multi, curl_socket_t fd, int events, int *running)
{
	bool before = with_curl;
	CURLMcode code;

	with_curl = false;
	code = curl_multi_socket_action(multi, fd, events, running);
	with_curl = before;
	return code;
}

static void *curl_malloc(size_t n)
{
	return with_curl ? __wrap_malloc(n) : __real_malloc(n);
}

static void *curl_calloc(size_t n, size_t size)
{
	return with_curl ? __wrap_calloc(n, size) : __real_calloc(n, size);
}

static void *curl_realloc(void *p, size_t n)
{
	return with_curl ? __wrap_realloc(p, n) : __real_realloc(p, n);
}

static char *curl_strdup(const char *text)
{
	return with_curl ? __wrap_strdup(text) : __real_strdup(text);
}

/* OpenSSL's own are test_alloc_local's. */
static void *ssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return __real_malloc(n);
}

static void *ssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return __real_realloc(p, n);
}

static void ssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static int hook_libraries(void **state)
{
	cJSON_Hooks hooks = { __wrap_malloc, free };

	(void)state;
	cJSON_InitHooks(&hooks);
	if (!CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free))
		return -1;
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, free, curl_realloc,
				 curl_strdup, curl_calloc) != CURLE_OK ||
	    libcurl_load(NULL) < 0)
		return -1;
	libcurl.multi_socket_action = act_without;
	return 0;
}

/* -- stories --------------------------------------------------------------------------- */

#define QUERY_ROWS "[{\"deviceId\":\"a\"},{\"deviceId\":\"b\"}]"

static int tell_strings(struct prov_hub *hub, struct prov_error *err)
{
	static const char *const strings[] = {
		"HostName=h.azure-devices.net;SharedAccessKeyName=p;"
		"SharedAccessKey=" TEST_KEY,
		"HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=" TEST_KEY,
		"HostName=h.azure-devices.net;DeviceId=d;x509=true",
		"Endpoint=sb://e.servicebus.windows.net/;SharedAccessKeyName=p;"
		"SharedAccessKey=" TEST_KEY ";EntityPath=e",
		"HostName=h.azure-devices.net;SharedAccessSignature="
		"SharedAccessSignature "
		"sr=h.azure-devices.net&sig="
		"iIzEw6hi6GK79RY5jNXO6QeQkSL%2FAx4zTmy44X2G1VY%3D&se=1700000000",
	};
	int rc = 0;

	(void)hub;
	for (size_t i = 0; i < COUNT(strings) && rc == 0; i++) {
		struct prov_secret *text = NULL;
		struct prov_connstr cs;

		rc = prov_connstr_parse(strings[i], &cs, err);
		if (rc < 0)
			break;
		rc = prov_connstr_format(&cs, &text, err);
		if (rc == 0 && strcmp(prov_secret_text(text), strings[i]) != 0)
			rc = WRONG;
		prov_secret_free(text);
		prov_connstr_clear(&cs);
	}
	return rc;
}

static int tell_tokens(struct prov_hub *hub, struct prov_error *err)
{
	struct prov_secret *key = NULL, *copy = NULL, *derived = NULL, *token = NULL;
	struct prov_secret *random = NULL, *text = NULL;
	struct prov_sas_info info;
	int rc = prov_secret_from_base64(TEST_KEY, strlen(TEST_KEY), &key, err);

	(void)hub;
	if (rc == 0)
		rc = prov_secret_copy(key, &copy, err);
	if (rc == 0)
		rc = prov_dps_derive_key(copy, "reg1", &derived, err);
	if (rc == 0)
		rc = prov_sas_make(
			&(struct prov_sas){ "h/devices/d", "p", derived, 4000000000 },
			&token, err);
	if (rc == 0)
		rc = prov_sas_parse(prov_secret_text(token), &info, err);
	if (rc == 0)
		rc = prov_secret_random(32, &random, err);
	if (rc == 0)
		rc = prov_secret_to_base64(random, &text, err);
	prov_secret_free(key);
	prov_secret_free(copy);
	prov_secret_free(derived);
	prov_secret_free(token);
	prov_secret_free(random);
	prov_secret_free(text);
	return rc;
}

static int tell_device(struct prov_hub *hub, struct prov_error *err)
{
	const struct prov_device d1 = { .id = "d1" };
	struct prov_device out = { 0 };
	struct prov_secret *string = NULL;
	bool existed = false;
	int rc = prov_device_ensure(hub, &d1, &out, &existed, err);

	if (rc == 0)
		rc = prov_device_connstr(hub, &out, true, &string, err);
	if (rc == 0 && (!existed || !out.primary_key || strcmp(out.etag, "MQ==") != 0))
		rc = WRONG;
	prov_secret_free(string);
	prov_device_clear(&out);
	return rc;
}

static const struct fake_step device_steps[] = {
	{ "PUT /devices/d1?", NULL, 429, NULL, FAILURE("ThrottlingException", "no"), 0 },
	{ "PUT /devices/d1?", NULL, 409, NULL, EXISTS, 0 },
	{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
};

static int tell_update(struct prov_hub *hub, struct prov_error *err)
{
	const struct prov_change off = { .set_status = true,
					 .disabled = true,
					 .status_reason = "r" };
	struct prov_device out = { 0 };
	int rc = prov_device_update(hub, "d1", &off, &out, err);

	if (rc == 0 && !out.disabled)
		rc = WRONG;
	prov_device_clear(&out);
	if (rc == 0)
		rc = prov_device_regenerate(hub, "d1", true, NULL, err);
	return rc == 0 ? prov_device_delete(hub, "d1", NULL, err) : rc;
}

static const struct fake_step update_steps[] = {
	{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	{ "PUT /devices/d1?", "disabled", 200, NULL,
	  DEVICE_OF("d1", "Mg==", "disabled", "", TEST_KEY), 0 },
	{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	{ "PUT /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	{ "DELETE /devices/d1?", NULL, 204, NULL, NULL, 0 },
};

static int on_device(void *ctx, const struct prov_device *device)
{
	(void)device;
	return ++*(unsigned *)ctx == 0;
}

static int tell_list(struct prov_hub *hub, struct prov_error *err)
{
	unsigned n = 0;
	int rc = prov_device_list(hub, "status = 'enabled'", on_device, &n, err);

	return rc == 0 && n != 4 ? WRONG : rc;
}

static const struct fake_step list_steps[] = {
	{ "POST /devices/query?", NULL, 200, "x-ms-continuation: next\r\n" JSON_TYPE,
	  QUERY_ROWS, 0 },
	{ "POST /devices/query?", NULL, 200, NULL, QUERY_ROWS, 0 },
};

static int tell_twin(struct prov_hub *hub, struct prov_error *err)
{
	const struct prov_method m = { .name = "m", .payload = "{\"x\":[1,\"y\"]}" };
	char *twin = NULL, *payload = NULL;
	struct prov_statistics statistics;
	int status = 0;
	int rc = prov_twin_patch(hub, "d1", "{\"tags\":{\"a\":1}}", "AA=", &twin, err);

	free(twin);
	if (rc == 0)
		rc = prov_method_call(hub, "d1", &m, &status, &payload, err);
	if (rc == 0 && (status != 201 || strcmp(payload, "[1]") != 0))
		rc = WRONG;
	free(payload);
	if (rc == 0)
		rc = prov_c2d_purge(hub, "d1", NULL, err);
	return rc == 0 ? prov_statistics(hub, &statistics, err) : rc;
}

static const struct fake_step twin_steps[] = {
	{ "PATCH /twins/d1?", NULL, 503, NULL, FAILURE("ServerBusy", "no"), 0 },
	{ "PATCH /twins/d1?", NULL, 412, NULL, FAILURE("PreconditionFailed", "no"), 0 },
	{ "GET /twins/d1?", NULL, 200, NULL, "{\"tags\":{\"a\":1}}", 0 },
	{ "POST /twins/d1/methods?", NULL, 200, NULL, "{\"status\":201,\"payload\":[1]}",
	  0 },
	{ "DELETE /devices/d1/commands?", NULL, 200, NULL, "{\"totalMessagesPurged\":3}",
	  0 },
	{ "GET /statistics/devices?", NULL, 200, NULL,
	  "{\"totalDeviceCount\":3,\"enabledDeviceCount\":2,\"disabledDeviceCount\":1}",
	  0 },
	{ "GET /statistics/service?", NULL, 200, NULL, "{\"connectedDeviceCount\":1}",
	  0 },
};

/* One is made, one is there, one needs the hub's keys, one is throttled at first. */
static int tell_bulk(struct prov_hub *hub, struct prov_error *err)
{
	struct prov_bulk_row rows[4] = { 0 };
	int rc;

	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i].device.id[0] = (char)('a' + i);
	rc = prov_bulk(hub, PROV_BULK_ENSURE, rows, COUNT(rows), 1, NULL, NULL, err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rc == 0 && (rows[i].rc || !rows[i].device.primary_key))
			rc = WRONG;
		prov_device_clear(&rows[i].device);
	}
	return rc;
}

static const struct fake_step bulk_steps[] = {
	{ "POST /devices?", NULL, 400, NULL,
	  "{\"isSuccessful\":false,\"errors\":["
	  "{\"deviceId\":\"b\",\"errorCode\":\"DeviceAlreadyExists\"},"
	  "{\"deviceId\":\"c\",\"errorCode\":\"EnforceDeviceHISCompliantKey\"},"
	  "{\"deviceId\":\"d\",\"errorCode\":429001}]}",
	  0 },
	{ "POST /devices?", NULL, 200, NULL, "{\"isSuccessful\":true,\"errors\":[]}", 0 },
	{ "POST /devices?", NULL, 200, NULL, "{\"isSuccessful\":true,\"errors\":[]}", 0 },
	{ "GET /devices/b?", NULL, 200, NULL, DEVICE("b"), 0 },
	{ "GET /devices/c?", NULL, 200, NULL, DEVICE("c"), 0 },
};

static int tell_many(struct prov_hub *hub, struct prov_error *err)
{
	struct prov_job jobs[3];
	bool whole = true;
	int rc;

	memset(jobs, 0, sizeof(jobs));
	for (size_t i = 0; i < COUNT(jobs); i++) {
		jobs[i].op = PROV_OP_GET;
		jobs[i].id = "d1";
	}
	rc = prov_run(hub, jobs, COUNT(jobs), 2, NULL, NULL, err);
	for (size_t i = 0; i < COUNT(jobs); i++)
		whole &= jobs[i].rc == 0 && jobs[i].result.primary_key;
	prov_jobs_clear(jobs, COUNT(jobs));
	return rc == 0 && !whole ? WRONG : rc;
}

static const struct fake_step many_steps[] = {
	{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
};

/* Refused, and found out why. */
static int tell_refusal(struct prov_hub *hub, struct prov_error *err)
{
	int rc = prov_twin_get(hub, "d1", NULL, err);

	if (rc != PROV_ERR_RIGHT)
		return rc == 0 ? WRONG : rc;
	return strstr(err->msg, "lacks the right") ? 0 : WRONG;
}

static const struct fake_step refusal_steps[] = {
	{ "GET /twins/d1?", NULL, 401, NULL,
	  "{\"Message\":\"{\\\"errorCode\\\":401002,\\\"message\\\":\\\"m\\\"}\"}", 0 },
	{ "GET /devices/stmiot-probe?", NULL, 404, NULL, NOT_FOUND, 0 },
};

static int see_enrollment(void *ctx, const struct prov_enrollment *e)
{
	unsigned *n = ctx;

	*n += strcmp(e->id, "r1") == 0;
	return 0;
}

static int see_registration(void *ctx, const struct prov_registration *r)
{
	unsigned *n = ctx;

	*n += strcmp(r->device_id, "d1") == 0;
	return 0;
}

/* Made, changed with the keys that are asked for, listed, and its group's devices. */
static int tell_enrollment(struct prov_hub *hub, struct prov_error *err)
{
	const struct prov_enrollment e = { .id = "r1" };
	const struct prov_enrollment_change change = { .set_status = true };
	struct prov_dps dps = { hub };
	unsigned n = 0;
	int rc;

	hub->other = true;
	rc = prov_enrollment_create(&dps, &e, NULL, err);
	if (rc == 0)
		rc = prov_enrollment_update(&dps, false, "r1", &change, NULL, err);
	if (rc == 0)
		rc = prov_enrollment_list(&dps, false, 0, see_enrollment, &n, err);
	if (rc == 0)
		rc = prov_registration_list(&dps, "g1", 0, see_registration, &n, err);
	return rc == 0 && n != 3 ? WRONG : rc;
}

#define ENROLLMENT                                                                       \
	"{\"registrationId\":\"r1\",\"etag\":\"AQ==\",\"iotHubs\":[\"h\"],"              \
	"\"attestation\":{\"type\":\"symmetricKey\"}}"

static const struct fake_step enrollment_steps[] = {
	{ "PUT /enrollments/r1?", NULL, 200, NULL, ENROLLMENT, 0 },
	{ "GET /enrollments/r1?", NULL, 200, NULL, ENROLLMENT, 0 },
	{ "POST /enrollments/r1/attestationmechanism?", NULL, 200, NULL,
	  "{\"symmetricKey\":{\"primaryKey\":\"" TEST_KEY
	  "\",\"secondaryKey\":\"" OTHER_KEY "\"}}",
	  0 },
	{ "PUT /enrollments/r1?", NULL, 200, NULL, ENROLLMENT, 0 },
	{ "POST /enrollments/query?", NULL, 200, "x-ms-continuation: more\r\n",
	  "[" ENROLLMENT "]", 0 },
	{ "POST /enrollments/query?", NULL, 200, NULL, "[" ENROLLMENT "]", 0 },
	{ "POST /registrations/g1/query?", NULL, 200, NULL,
	  "[{\"registrationId\":\"r1\",\"status\":\"assigned\",\"deviceId\":\"d1\"}]",
	  0 },
};

/* -- telling them ---------------------------------------------------------------------- */

#define STEPS(steps) steps, COUNT(steps)

static const struct story {
	const char *name;
	int (*tell)(struct prov_hub *hub, struct prov_error *err);
	const struct fake_step *steps;
	size_t n;
	uint64_t at_least; /* allocations */
} stories[] = {
	{ "strings", tell_strings, NULL, 0, 20 },
	{ "tokens", tell_tokens, NULL, 0, 15 },
	{ "device", tell_device, STEPS(device_steps), 100 },
	{ "update", tell_update, STEPS(update_steps), 200 },
	{ "list", tell_list, STEPS(list_steps), 80 },
	{ "twin", tell_twin, STEPS(twin_steps), 150 },
	{ "bulk", tell_bulk, STEPS(bulk_steps), 200 },
	{ "many", tell_many, STEPS(many_steps), 100 },
	{ "refusal", tell_refusal, STEPS(refusal_steps), 40 },
	{ "enrolment", tell_enrollment, STEPS(enrollment_steps), 150 },
};

/* All of it, from the opening of a hub to its end. */
static int tell(const struct story *s, const struct fake_hub *fake,
		struct prov_error *err)
{
	struct prov_hub_opts opts = { .ca_file = fake_ca(fake),
				      .connect_to = fake_address(fake),
				      .backoff_ms = 2,
				      .timeout_ms = 5000 };
	struct prov_connstr cs = { 0 };
	struct prov_hub *hub = NULL;
	int rc;

	alloc.counting = true;
	with_curl = true;
	rc = prov_connstr_parse("HostName=" FAKE_HOST
				";SharedAccessKeyName=registryReadWrite"
				";SharedAccessKey=" TEST_KEY,
				&cs, err);
	if (rc == 0)
		rc = prov_hub_open(&cs, &opts, &hub, err);
	if (rc == 0)
		rc = s->tell(hub, err);
	prov_hub_close(hub);
	if (cs.key)
		prov_connstr_clear(&cs);
	with_curl = false;
	alloc.counting = false;
	return rc;
}

/* How often it ends in another way. */
static unsigned tell_all(const struct story *s)
{
	unsigned wrong = 0;
	bool done = false;

	for (alloc.fail_at = 1; !done; alloc.fail_at++) {
		struct fake_hub *fake = fake_start(s->steps, s->n);
		struct prov_error err = { 0 };
		int rc;

		fake_loosen(fake);
		alloc.count = 0;
		rc = tell(s, fake, &err);
		done = alloc.count < alloc.fail_at;
		fake_drop(fake);
		/* Some are only for comfort: without them it goes on. */
		if (rc == 0 ||
		    (!done && rc == PROV_ERR_NOMEM && strstr(err.msg, "no memory")))
			continue;
		print_error("%s, allocation %u of %u: %d %s\n", s->name,
			    (unsigned)alloc.fail_at, (unsigned)alloc.count, rc, err.msg);
		wrong++;
	}
	assert_true(alloc.fail_at > s->at_least);
	return wrong;
}

static void test_stories(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(stories); i++)
		wrong += tell_all(&stories[i]);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
	};

	return cmocka_run_group_tests(tests, hook_libraries, NULL);
}
