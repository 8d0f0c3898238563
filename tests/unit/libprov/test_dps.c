/* A provisioning service that answers by a script. */
#include "answers.h"

#include <time.h>

#define ENROLLMENT(id, etag, status)                                                     \
	"{\"registrationId\":\"" id "\",\"etag\":\"" etag                                \
	"\",\"attestation\":{\"type\":\"symmetricKey\"},\"provisioningStatus\":"         \
	"\"" status                                                                      \
	"\",\"deviceId\":\"dev1\",\"iotHubs\":[\"h.azure-devices.net\"],\"x\":[1]}"
#define KEYS                                                                             \
	"{\"type\":\"symmetricKey\",\"symmetricKey\":{\"primaryKey\":\"" TEST_KEY        \
	"\",\"secondaryKey\":\"" OTHER_KEY "\"}}"
#define REFUSAL(code, text)                                                              \
	"{\"errorCode\":" code ",\"trackingId\":\"abc\",\"message\":\"" text             \
	"\",\"timestampUtc\":\"2026-01-01T00:00:00Z\"}"
#define STATE(status, more)                                                              \
	"{\"registrationId\":\"r1\",\"status\":\"" status "\"" more "}"
#define ASSIGNED                                                                         \
	STATE("assigned", ",\"substatus\":\"initialAssignment\",\"assignedHub\":"        \
			  "\"h.azure-devices.net\",\"deviceId\":\"dev1\"")

static void service_opts(const struct fake_hub *fake, struct prov_hub_opts *opts)
{
	opts->ca_file = fake_ca(fake);
	opts->connect_to = fake_address(fake);
	opts->backoff_ms = 2;
	opts->timeout_ms = opts->timeout_ms ? opts->timeout_ms : 5000;
}

static struct prov_dps *service(const struct fake_hub *fake)
{
	struct prov_connstr cs = { .kind = PROV_CONNSTR_DPS,
				   .host = FAKE_HOST,
				   .policy = "provisioningserviceowner" };
	struct prov_hub_opts opts = { 0 };
	struct prov_dps *dps = NULL;

	service_opts(fake, &opts);
	cs.key = test_key(TEST_KEY);
	assert_int_equal(prov_dps_open(&cs, &opts, &dps, NULL), 0);
	prov_connstr_clear(&cs);
	return dps;
}

static void test_open(void **state)
{
	struct prov_connstr cs;
	struct prov_dps *dps = NULL;
	struct prov_error err;

	(void)state;
	assert_int_equal(
		prov_connstr_parse("HostName=x.azure-devices-provisioning.net;"
				   "SharedAccessKeyName=p;SharedAccessKey=" TEST_KEY,
				   &cs, NULL),
		0);
	assert_int_equal(prov_dps_open(&cs, NULL, &dps, NULL), 0);
	assert_string_equal(prov_dps_host(dps), "x.azure-devices-provisioning.net");
	prov_dps_close(dps);
	cs.kind = PROV_CONNSTR_SERVICE;
	assert_int_equal(prov_dps_open(&cs, NULL, &dps, &err), PROV_ERR_ARG);
	assert_non_null(strstr(err.hint, "Shared access policies"));
	prov_connstr_clear(&cs);
	prov_dps_close(NULL);
}

/* -- enrolments ------------------------------------------------------------------------ */

static void test_create(void **state)
{
	static const struct fake_step steps[] = {
		{ "PUT /enrollments/r1?api-version=2021-10-01 ",
		  "{\"registrationId\":\"r1\",\"attestation\":{\"type\":\"symmetricKey\","
		  "\"symmetricKey\":{\"primaryKey\":\"" TEST_KEY
		  "\",\"secondaryKey\":\"\"}},\"provisioningStatus\":\"disabled\","
		  "\"deviceId\":\"dev1\",\"iotHubHostName\":\"h.azure-devices.net\"}",
		  200, NULL, ENROLLMENT("r1", "AQ==", "disabled"), 0 },
		{ "PUT /enrollmentGroups/g1?",
		  "{\"enrollmentGroupId\":\"g1\",\"attestation\":{\"type\":\"x509\","
		  "\"x509\":{\"signingCertificates\":{\"primary\":{\"certificate\":"
		  "\"PEM\"}}}},\"provisioningStatus\":\"enabled\"}",
		  200, NULL,
		  "{\"enrollmentGroupId\":\"g1\",\"attestation\":{\"type\":\"x509\","
		  "\"x509\":"
		  "{\"signingCertificates\":{\"primary\":{\"info\":{\"sha256Thumbprint\":"
		  "\"AB12\"}}}}}}",
		  0 },
		{ "PUT /enrollments/r1?", "\"caReferences\":{\"primary\":\"CA\"}", 409,
		  NULL, REFUSAL("409204", "Enrollment already exists."), 0 },
	};
	struct prov_enrollment e = { .id = "r1", .disabled = true, .device_id = "dev1" };
	struct prov_enrollment g = { .id = "g1", .group = true };
	struct prov_enrollment out = { 0 };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_dps *dps = service(fake);
	struct prov_error err;

	(void)state;
	e.primary_key = test_key(TEST_KEY);
	strcpy(e.hub, "h.azure-devices.net");
	assert_int_equal(prov_enrollment_create(dps, &e, &out, NULL), 0);
	assert_true(out.disabled);
	assert_string_equal(out.id, "r1");
	assert_string_equal(out.etag, "AQ==");
	assert_string_equal(out.device_id, "dev1");
	assert_string_equal(out.hub, "h.azure-devices.net");
	assert_int_equal(out.attest, PROV_ATTEST_KEYS);
	assert_null(out.primary_key);
	assert_string_equal(out.registration.status, "");
	assert_null(strstr(fake_request(fake, 0), "If-Match"));
	g.attest = PROV_ATTEST_X509;
	assert_int_equal(prov_enrollment_create(dps, &g, NULL, NULL), PROV_ERR_ARG);
	g.certificate = strdup("PEM");
	assert_int_equal(prov_enrollment_create(dps, &g, &out, NULL), 0);
	assert_string_equal(out.thumbprint, "AB12");
	e.attest = PROV_ATTEST_CA;
	e.certificate = strdup("CA");
	assert_int_equal(prov_enrollment_create(dps, &e, NULL, &err), PROV_ERR_EXISTS);
	assert_string_equal(err.msg, FAKE_HOST " has the enrolment \"r1\" already");
	assert_string_equal(err.service_code, "409204");
	strcpy(g.device_id, "d");
	assert_int_equal(prov_enrollment_create(dps, &g, NULL, NULL), PROV_ERR_ARG);
	strcpy(e.id, "R/1");
	assert_int_equal(prov_enrollment_create(dps, &e, NULL, NULL), PROV_ERR_ARG);
	prov_enrollment_clear(&e);
	prov_enrollment_clear(&g);
	prov_dps_close(dps);
	fake_end(fake);
}

/* The repeat of a request without an answer finds what it made, or somebody else's. */
static void test_create_unsure(void **state)
{
	static const struct {
		const char *is;
		int rc;
	} rows[] = {
		{ ENROLLMENT("r1", "AQ==", "enabled"), 0 },
		{ ENROLLMENT("r1", "AQ==", "disabled"), PROV_ERR_EXISTS },
		{ "{\"registrationId\":\"r1\",\"attestation\":{\"type\":\"tpm\"}}",
		  PROV_ERR_EXISTS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fake_step steps[] = {
			{ "PUT /enrollments/r1?", NULL, 0, NULL, NULL, 0 },
			{ "PUT /enrollments/r1?", NULL, 409, NULL,
			  REFUSAL("409204", "no"), 0 },
			{ "GET /enrollments/r1?", NULL, 200, NULL, rows[i].is, 0 },
		};
		struct prov_enrollment e = { .id = "r1", .device_id = "dev1" };
		struct fake_hub *fake = fake_start(steps, COUNT(steps));
		struct prov_dps *dps = service(fake);

		assert_int_equal(prov_enrollment_create(dps, &e, NULL, NULL), rows[i].rc);
		prov_dps_close(dps);
		fake_end(fake);
	}
}

static void test_update(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /enrollments/r1?", NULL, 200, NULL,
		  ENROLLMENT("r1", "AQ==", "enabled"), 0 },
		{ "POST /enrollments/r1/attestationmechanism?", NULL, 200, NULL, KEYS,
		  0 },
		/* All that was there, with the keys that it does not show. */
		{ "PUT /enrollments/r1?",
		  "{\"registrationId\":\"r1\",\"etag\":\"AQ==\",\"attestation\":{"
		  "\"type\":"
		  "\"symmetricKey\",\"symmetricKey\":{\"primaryKey\":\"" OTHER_KEY
		  "\",\"secondaryKey\":\"" OTHER_KEY
		  "\"}},\"provisioningStatus\":\"disabled\",\"deviceId\":\"dev2\","
		  "\"iotHubs\":[\"h.azure-devices.net\"],\"x\":[1]}",
		  200, NULL, ENROLLMENT("r1", "Ag==", "disabled"), 0 },
		{ "GET /enrollments/r1?", NULL, 200, NULL,
		  ENROLLMENT("r1", "Aw==", "enabled"), 0 },
		{ "GET /enrollments/r1?", NULL, 200, NULL,
		  ENROLLMENT("r1", "AQ==", "enabled"), 0 },
		{ "POST /enrollments/r1/attestationmechanism?", NULL, 200, NULL, KEYS,
		  0 },
		{ "PUT /enrollments/r1?", "If-Match: \"AQ==\"", 412, NULL,
		  REFUSAL("412204", "no"), 0 },
		{ "GET /enrollments/r1?", NULL, 200, NULL,
		  "{\"registrationId\":\"r1\",\"attestation\":{\"type\":\"tpm\"}}", 0 },
	};
	struct prov_secret *key = test_key(OTHER_KEY);
	struct prov_enrollment_change change = { .set_status = true,
						 .disabled = true,
						 .device_id = "dev2",
						 .primary_key = key,
						 .etag = "AQ==" };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_dps *dps = service(fake);
	struct prov_enrollment out;

	(void)state;
	assert_int_equal(prov_enrollment_update(dps, false, "r1", &change, &out, NULL),
			 0);
	assert_true(out.disabled);
	assert_non_null(strstr(fake_request(fake, 2), "If-Match: \"AQ==\""));
	assert_int_equal(prov_enrollment_update(dps, false, "r1", &change, NULL, NULL),
			 PROV_ERR_CHANGED);
	assert_int_equal(prov_enrollment_update(dps, false, "r1", &change, NULL, NULL),
			 PROV_ERR_CHANGED);
	change.etag = NULL;
	assert_int_equal(prov_enrollment_update(dps, false, "r1", &change, NULL, NULL),
			 PROV_ERR_REFUSED);
	prov_secret_free(key);
	prov_dps_close(dps);
	fake_end(fake);
}

static void test_keys_and_deletes(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /enrollmentGroups/G1/attestationmechanism?", NULL, 200, NULL,
		  KEYS, 0 },
		{ "POST /enrollments/r1/attestationmechanism?", NULL, 200, NULL,
		  "{\"type\":\"x509\"}", 0 },
		{ "POST /enrollments/r1/attestationmechanism?", NULL, 200, NULL,
		  "{\"symmetricKey\":{\"primaryKey\":\"" TEST_KEY "\"}}", 0 },
		{ "DELETE /enrollments/r1?", "If-Match: \"*\"", 204, NULL, NULL, 0 },
		{ "DELETE /enrollmentGroups/G1?", "If-Match: \"AQ==\"", 0, NULL, NULL,
		  0 },
		{ "DELETE /enrollmentGroups/G1?", NULL, 404, NULL,
		  REFUSAL("404204", "no"), 0 },
		{ "DELETE /registrations/r1?", NULL, 404, NULL, REFUSAL("404204", "no"),
		  0 },
	};
	struct prov_secret *first = NULL, *second = NULL, *want = test_key(OTHER_KEY);
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_dps *dps = service(fake);
	struct prov_error err;

	(void)state;
	assert_int_equal(prov_enrollment_keys(dps, true, "G1", &first, &second, NULL), 0);
	assert_true(prov_secret_equal(second, want));
	prov_secret_free(first);
	prov_secret_free(second);
	prov_secret_free(want);
	assert_int_equal(prov_enrollment_keys(dps, false, "r1", &first, &second, NULL),
			 PROV_ERR_REFUSED);
	assert_int_equal(prov_enrollment_keys(dps, false, "r1", &first, &second, NULL),
			 PROV_ERR_SERVICE);
	assert_int_equal(prov_enrollment_delete(dps, false, "r1", NULL, NULL), 0);
	assert_int_equal(prov_enrollment_delete(dps, true, "G1", "AQ==", NULL), 0);
	assert_int_equal(prov_registration_delete(dps, "r1", &err), PROV_ERR_NOTFOUND);
	assert_string_equal(err.msg, FAKE_HOST " has no registration \"r1\"");
	prov_dps_close(dps);
	fake_end(fake);
}

/* -- lists ----------------------------------------------------------------------------- */

static char seen[256];

static int see_enrollment(void *ctx, const struct prov_enrollment *e)
{
	strcat(strcat(seen, e->id), " ");
	return ctx && strcmp(ctx, e->id) == 0;
}

static int see_registration(void *ctx, const struct prov_registration *r)
{
	(void)ctx;
	strcat(strcat(strcat(strcat(seen, r->id), ":"), r->device_id), " ");
	return 0;
}

#define ROW(id)                                                                          \
	"{\"registrationId\":\"" id "\",\"attestation\":{\"type\":\"symmetricKey\"}}"

static void test_lists(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /enrollments/query?", "x-ms-max-item-count: 2", 200,
		  "x-ms-continuation: more\r\n", "[" ROW("a") "," ROW("b") "]", 0 },
		{ "POST /enrollments/query?", "x-ms-continuation: more", 200, NULL,
		  "[" ROW("c") "]", 0 },
		{ "POST /enrollmentGroups/query?", "SELECT * FROM enrollments", 200, NULL,
		  "[]", 0 },
		{ "POST /registrations/g/query?", NULL, 200, NULL, "[" ASSIGNED "]", 0 },
		{ "POST /enrollments/query?", NULL, 200, "x-ms-continuation: more\r\n",
		  "[" ROW("a") "]", 0 },
		{ "POST /enrollments/query?", NULL, 200, NULL, "[{\"x\":1}]", 0 },
		{ "POST /registrations/g/query?", NULL, 404, NULL,
		  REFUSAL("404204", "no"), 0 },
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_dps *dps = service(fake);
	struct prov_error err;
	char last[] = "a";

	(void)state;
	seen[0] = '\0';
	assert_int_equal(prov_enrollment_list(dps, false, 2, see_enrollment, NULL, NULL),
			 0);
	assert_int_equal(prov_enrollment_list(dps, true, 0, see_enrollment, NULL, NULL),
			 0);
	assert_int_equal(
		prov_registration_list(dps, "g", 0, see_registration, NULL, NULL), 0);
	assert_string_equal(seen, "a b c r1:dev1 ");
	assert_int_equal(prov_enrollment_list(dps, false, 0, see_enrollment, last, NULL),
			 PROV_ERR_CANCELLED);
	assert_int_equal(prov_enrollment_list(dps, false, 0, see_enrollment, NULL, &err),
			 PROV_ERR_NOHUB);
	assert_int_equal(
		prov_registration_list(dps, "g", 0, see_registration, NULL, &err),
		PROV_ERR_NOTFOUND);
	assert_string_equal(err.msg, FAKE_HOST " has no enrolment group \"g\"");
	prov_dps_close(dps);
	fake_end(fake);
}

/* A single request each: there is nothing here that a probe could ask for. */
static void test_refusals(void **state)
{
	static const struct {
		int status;
		const char *body;
		int rc;
		const char *words;
	} rows[] = {
		{ 401, REFUSAL("401002", "Unauthorized"), PROV_ERR_KEY,
		  FAKE_HOST " does not take this key, or its policy" },
		{ 403, REFUSAL("403001", "no"), PROV_ERR_RIGHT,
		  FAKE_HOST ": the policy lacks the right for this" },
		{ 404, REFUSAL("404204", "no"), PROV_ERR_NOTFOUND,
		  FAKE_HOST " has no registration \"r1\"" },
		{ 404, "<html>", PROV_ERR_NOHUB,
		  FAKE_HOST " answers as no provisioning service does (HTTP 404)" },
		{ 200, "[]", PROV_ERR_NOHUB,
		  "the answer is not the JSON expected of a registration" },
		{ 200, "{\"registrationId\":", PROV_ERR_ANSWER,
		  "the hub's answer is malformed JSON at byte 18" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fake_step steps[] = {
			{ "GET /registrations/r1?", NULL, rows[i].status, NULL,
			  rows[i].body, 0 },
		};
		struct fake_hub *fake = fake_start(steps, COUNT(steps));
		struct prov_dps *dps = service(fake);
		struct prov_registration r;
		struct prov_error err;

		assert_int_equal(prov_registration_get(dps, "r1", &r, &err), rows[i].rc);
		assert_string_equal(err.msg, rows[i].words);
		prov_dps_close(dps);
		fake_end(fake);
	}
}

/* -- a device registers ------------------------------------------------------------------ */

#define OPERATION "{\"operationId\":\"4.ab-1\",\"status\":\"assigning\"}"
#define PUT_R1    "PUT /0ne1/registrations/r1/register?api-version=2019-03-31 "
#define GET_R1    "GET /0ne1/registrations/r1/operations/4.ab-1?api-version=2019-03-31 "

static int register_r1(const struct fake_step *steps, size_t n, struct prov_x509 *x509,
		       unsigned timeout_ms, struct prov_registration *r,
		       struct prov_error *err)
{
	struct prov_dps_device d = { .host = FAKE_HOST,
				     .id_scope = "0ne1",
				     .registration_id = "r1" };
	struct prov_hub_opts opts = { .timeout_ms = timeout_ms };
	struct prov_secret *key = test_key(TEST_KEY);
	struct fake_hub *fake = fake_start(steps, n);
	int rc;

	service_opts(fake, &opts);
	if (x509)
		d.x509 = x509;
	else
		d.key = key;
	rc = prov_dps_register(&d, &opts, r, err);
	prov_secret_free(key);
	fake_end(fake);
	return rc;
}

static void test_register(void **state)
{
	static const struct fake_step steps[] = {
		{ PUT_R1, "SharedAccessSignature sr=0ne1%2Fregistrations%2Fr1&sig=", 202,
		  "Retry-After: 0\r\n", OPERATION, 0 },
		{ GET_R1, "&skn=registration&se=", 202, "Retry-After: 0\r\n", OPERATION,
		  0 },
		{ GET_R1, NULL, 429, "Retry-After: 0\r\n", REFUSAL("429001", "slow"), 0 },
		{ GET_R1, NULL, 200, NULL,
		  "{\"operationId\":\"4.ab-1\",\"status\":\"assigned\","
		  "\"registrationState\":" ASSIGNED "}",
		  0 },
	};
	struct prov_registration r;

	(void)state;
	assert_int_equal(register_r1(steps, COUNT(steps), NULL, 0, &r, NULL), 0);
	assert_string_equal(r.hub, "h.azure-devices.net");
	assert_string_equal(r.device_id, "dev1");
	assert_string_equal(r.substatus, "initialAssignment");
}

/* No token goes with a certificate. */
static void test_register_x509(void **state)
{
	static const struct fake_step steps[] = {
		{ PUT_R1, "{\"registrationId\":\"r1\"}", 200, NULL,
		  "{\"status\":\"assigned\",\"registrationState\":" ASSIGNED "}", 0 },
	};
	int64_t now = time(NULL);
	struct prov_registration r;
	struct prov_x509 x509;
	struct fake_hub *fake;
	struct prov_hub_opts opts = { 0 };
	struct prov_dps_device d = { .host = FAKE_HOST,
				     .id_scope = "0ne1",
				     .registration_id = "r1",
				     .x509 = &x509 };

	(void)state;
	assert_int_equal(prov_x509_make("r1", now - 60, now + 3600, NULL, &x509, NULL, 0),
			 0);
	fake = fake_start(steps, COUNT(steps));
	service_opts(fake, &opts);
	assert_int_equal(prov_dps_register(&d, &opts, &r, NULL), 0);
	assert_null(strstr(fake_request(fake, 0), "Authorization"));
	assert_string_equal(r.device_id, "dev1");
	prov_x509_wipe(&x509);
	fake_end(fake);
}

static void test_register_refused(void **state)
{
	static const struct {
		int status;
		const char *body;
		int rc;
		const char *words;
	} rows[] = {
		{ 401, REFUSAL("401002", "no"), PROV_ERR_KEY,
		  "the service lets in no \"r1\" with this key" },
		{ 404, REFUSAL("404204", "no"), PROV_ERR_NOTFOUND,
		  "there is no id scope 0ne1, or nobody enrolled \"r1\" there" },
		{ 200,
		  "{\"status\":\"failed\",\"registrationState\":" STATE(
			  "failed", ",\"errorMessage\":\"full\"") "}",
		  PROV_ERR_SERVICE,
		  "the service could not assign \"r1\" to a hub: full" },
		{ 200,
		  "{\"status\":\"disabled\",\"registrationState\":" STATE("disabled",
									  "") "}",
		  PROV_ERR_REFUSED, "the enrolment of \"r1\" is disabled" },
		{ 200, "{\"status\":\"assigned\"}", PROV_ERR_NOHUB,
		  "the answer is not the JSON expected of a registration" },
		{ 202, "{\"status\":\"assigning\"}", PROV_ERR_NOHUB,
		  "the answer is not the JSON expected of a registration" },
		{ 202, "{\"status\":\"dancing\",\"operationId\":\"x\"}", PROV_ERR_NOHUB,
		  "the answer is not the JSON expected of a registration" },
		/* Longer than the time for all of it. */
		{ 202, OPERATION, PROV_ERR_TIMEOUT,
		  "the service has not assigned \"r1\" in time" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fake_step steps[] = {
			{ PUT_R1, NULL, rows[i].status, "Retry-After: 3\r\n",
			  rows[i].body, 0 },
		};
		struct prov_registration r;
		struct prov_error err;
		int rc = register_r1(steps, 1, NULL, 2000, &r, &err);

		if (rc != rows[i].rc || strcmp(err.msg, rows[i].words) != 0)
			fail_msg("%s: %d %s", rows[i].body, rc, err.msg);
	}
}

static void test_register_what_cannot_be(void **state)
{
	struct prov_secret *key = test_key(TEST_KEY);
	struct prov_dps_device d = { .id_scope = "0ne1", .registration_id = "r1" };
	struct prov_registration r;

	(void)state;
	assert_int_equal(prov_dps_register(&d, NULL, &r, NULL), PROV_ERR_ARG);
	d.key = key;
	d.id_scope = "0ne/1";
	assert_int_equal(prov_dps_register(&d, NULL, &r, NULL), PROV_ERR_ARG);
	d.id_scope = NULL;
	assert_int_equal(prov_dps_register(&d, NULL, &r, NULL), PROV_ERR_ARG);
	d.id_scope = "0ne1";
	d.registration_id = "R1";
	assert_int_equal(prov_dps_register(&d, NULL, &r, NULL), PROV_ERR_ARG);
	prov_secret_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_create_unsure),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_keys_and_deletes),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_register_x509),
		cmocka_unit_test(test_register_refused),
		cmocka_unit_test(test_register_what_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
