/* The REST API of the Device Provisioning Service, as requests come out of the socket. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"
#include "dps/dps.h"
#include "json.h"

#define VERSION "?api-version=2021-10-01"
#define KEYS    "\"attestation\":{\"type\":\"symmetricKey\"}"

static char service[400]; /* a token that may do all at this service */
static struct cert ca, leaf;

static int set_up(void **state)
{
	assert_int_equal(hub_set_up(state), 0);
	sign_token(service, DPS_HOST, hub.dps->owner.primary, "provisioningserviceowner",
		   4000000000);
	assert_true(crypto_make_ca(&ca, "line ca", 10));
	assert_true(crypto_make_server(&leaf, &ca, "board-1", "DNS:x", 5));
	return 0;
}

static int tear_down(void **state)
{
	cert_free(&ca);
	cert_free(&leaf);
	return hub_tear_down(state);
}

/* "METHOD PATH", with that token and, unless NULL, that If-Match; the body of the answer,
 * which the caller frees. */
static struct json *asks(const char *line, const char *body, const char *token,
			 const char *if_match, int status)
{
	struct asked asked;
	struct json *json = NULL;
	char whole[400];

	snprintf(whole, sizeof(whole), "%s" VERSION, line);
	ask_prepare(&asked, whole, body, token);
	if (if_match)
		ask_header(&asked, "If-Match", if_match);
	hub_answer(&hub, &asked.request, &asked.answer);
	if (asked.answer.body.len > 0)
		json = json_parse(asked.answer.body.at, asked.answer.body.len, NULL);
	if (asked.answer.status != status)
		fail_msg("%s: %d, not %d: %s", line, asked.answer.status, status,
			 asked.answer.body.at ? asked.answer.body.at : "");
	assert_string_equal(header_of(&asked.answer, "iothub-errorcode"), "");
	answer_free(&asked.answer);
	if (status >= 400) {
		assert_int_equal((int)json_number(json_get(json, "errorCode")) / 1000,
				 status);
		assert_non_null(json_get_text(json, "message"));
	}
	return json;
}

static void wants(const char *line, const char *body, int status)
{
	json_free(asks(line, body, service, NULL, status));
}

static void is_for_its_own_policy(void **state)
{
	char token[400];

	(void)state;
	json_free(asks("GET /enrollments/a", "", NULL, NULL, 401));
	json_free(asks("GET /enrollments/a", "", owner, NULL, 401));
	json_free(asks("GET /enrollments/a", "", "SharedAccessSignature x", NULL, 401));
	sign_token(token, DPS_HOST, hub.dps->owner.primary, "provisioningserviceowner",
		   1500000000);
	json_free(asks("GET /enrollments/a", "", token, NULL, 401));
	sign_token(token, HOST, hub.dps->owner.primary, "provisioningserviceowner",
		   4000000000);
	json_free(asks("GET /enrollments/a", "", token, NULL, 401));
	sign_token(token, DPS_HOST, policy_find(&hub.policies, "iothubowner")->primary,
		   "provisioningserviceowner", 4000000000);
	json_free(asks("GET /enrollments/a", "", token, NULL, 401));
	sign_token(token, DPS_HOST, hub.dps->owner.secondary, "ProvisioningServiceOwner",
		   4000000000);
	json_free(asks("GET /enrollments/a", "", token, NULL, 404));
	wants("PATCH /enrollments/a", "{}", 405);
	wants("GET /enrollments/a/b", "", 404);
	/* nor is its policy one of the hub's */
	assert_null(policy_find(&hub.policies, "provisioningserviceowner"));
}

static void makes_changes_and_deletes_one(void **state)
{
	struct json *json =
		asks("PUT /enrollments/reg-1", "{\"registrationId\":\"reg-1\"," KEYS "}",
		     service, NULL, 200);
	char etag[80], quoted[90], body[200];

	(void)state;
	snprintf(etag, sizeof(etag), "%s", json_get_text(json, "etag"));
	assert_string_equal(json_get_text(json, "provisioningStatus"), "enabled");
	assert_string_equal(json_get_text(json, "allocationPolicy"), "hashed");
	assert_true(json_is_true(
		json_get(json_get(json, "reprovisionPolicy"), "migrateDeviceData")));
	assert_null(json_get(json_get(json, "attestation"), "symmetricKey"));
	json_free(json);
	/* there already; and with an etag, which may be quoted */
	snprintf(body, sizeof(body),
		 "{\"registrationId\":\"reg-1\",\"deviceId\":\"d1\"," KEYS "}");
	wants("PUT /enrollments/reg-1", body, 409);
	json_free(asks("PUT /enrollments/reg-1", body, service, "bm9uZQ==", 412));
	json_free(asks("PUT /enrollments/none", "{\"registrationId\":\"none\"," KEYS "}",
		       service, "*", 404));
	snprintf(quoted, sizeof(quoted), "\"%s\"", etag);
	json = asks("PUT /enrollments/reg-1", body, service, quoted, 200);
	assert_string_equal(json_get_text(json, "deviceId"), "d1");
	assert_string_not_equal(json_get_text(json, "etag"), etag);
	json_free(json);
	json_free(asks("DELETE /enrollments/reg-1", "", service, etag, 412));
	json_free(asks("DELETE /enrollments/REG-1", "", service, NULL, 204));
	wants("GET /enrollments/reg-1", "", 404);
	wants("DELETE /enrollments/reg-1", "", 404);
}

static void keeps_keys_that_a_change_does_not_say(void **state)
{
	static const char line[] = "POST /enrollmentGroups/g1/attestationmechanism";
	struct json *before, *after;

	(void)state;
	wants("PUT /enrollmentGroups/g1", "{\"enrollmentGroupId\":\"g1\"," KEYS "}", 200);
	before = asks(line, "", service, NULL, 200);
	assert_int_equal(
		strlen(json_get_text(json_get(before, "symmetricKey"), "primaryKey")),
		88);
	json_free(asks("PUT /enrollmentGroups/g1",
		       "{\"enrollmentGroupId\":\"g1\"," KEYS "}", service, "*", 200));
	after = asks(line, "", service, NULL, 200);
	assert_true(json_equal(before, after));
	json_free(before);
	json_free(after);
}

static void says_what_certificates_say(void **state)
{
	struct json *body = json_new_object(), *attestation, *json;
	const struct json *info;
	char *text;

	(void)state;
	json_add_text(body, "enrollmentGroupId", "g2");
	attestation = json_add_object(body, "attestation");
	json_add_text(attestation, "type", "x509");
	json_add_text(
		json_add_object(json_add_object(json_add_object(attestation, "x509"),
						"signingCertificates"),
				"primary"),
		"certificate", ca.cert_pem);
	text = json_print(body);
	json = asks("PUT /enrollmentGroups/g2", text, service, NULL, 200);
	free(text);
	json_free(body);
	info = json_get(json_get(json, "attestation"), "x509");
	info = json_get(json_get(info, "signingCertificates"), "primary");
	assert_null(json_get(info, "certificate"));
	info = json_get(info, "info");
	assert_string_equal(json_get_text(info, "subjectName"), "CN=line ca");
	assert_string_equal(json_get_text(info, "issuerName"), "CN=line ca");
	assert_int_equal(strlen(json_get_text(info, "sha1Thumbprint")), 40);
	assert_int_equal(strlen(json_get_text(info, "sha256Thumbprint")), 64);
	assert_int_equal((int)json_number(json_get(info, "version")), 3);
	/* what was read can be sent back */
	text = json_print(json);
	json_free(json);
	json_free(asks("PUT /enrollmentGroups/g2", text, service, "*", 200));
	free(text);
}

static void refuses_enrollments(void **state)
{
	static const char *const bodies[] = {
		"[]",
		"{}",
		"{\"registrationId\":\"other\"," KEYS "}",
		"{\"registrationId\":\"bad\"}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"tpm\"}}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"x509\"}}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"x509\",\"x509\":"
		"{\"clientCertificates\":{}}}}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"x509\",\"x509\":"
		"{\"clientCertificates\":{\"primary\":{\"certificate\":\"AAAA\"}}}}}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"x509\",\"x509\":"
		"{\"signingCertificates\":{\"primary\":{}}}}}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"x509\",\"x509\":"
		"{\"clientCertificates\":{},\"caReferences\":{\"primary\":\"a\"}}}}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"x509\",\"x509\":"
		"{\"caReferences\":{}}}}",
		"{\"registrationId\":\"bad\",\"attestation\":{\"type\":\"symmetricKey\","
		"\"symmetricKey\":{\"primaryKey\":\"AAAA\"}}}",
		"{\"registrationId\":\"bad\",\"provisioningStatus\":\"maybe\"," KEYS "}",
		"{\"registrationId\":\"bad\",\"provisioningStatus\":1," KEYS "}",
		"{\"registrationId\":\"bad\",\"deviceId\":\"a b\"," KEYS "}",
		"{\"registrationId\":\"bad\",\"deviceId\":5," KEYS "}",
		"{\"registrationId\":\"bad\",\"iotHubHostName\":\"x.example\"," KEYS "}",
		"{\"registrationId\":\"bad\",\"iotHubs\":\"" HOST "\"," KEYS "}",
		"{\"registrationId\":\"bad\",\"iotHubs\":[\"x.example\"]," KEYS "}",
		"{\"registrationId\":\"bad\",\"allocationPolicy\":\"dice\"," KEYS "}",
		"{\"registrationId\":\"bad\",\"reprovisionPolicy\":1," KEYS "}",
		"{\"registrationId\":\"bad\",\"initialTwin\":{\"tags\":1}," KEYS "}",
		"{\"registrationId\":\"bad\",\"optionalDeviceInformation\":1," KEYS "}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		wants("PUT /enrollments/bad", bodies[i], 400);
	wants("PUT /enrollments/bad", "", 400);
	wants("PUT /enrollments/-bad", "{\"registrationId\":\"-bad\"," KEYS "}", 400);
	wants("PUT /enrollments/b%20d", "{\"registrationId\":\"b d\"," KEYS "}", 400);
	wants("PUT /enrollmentGroups/bad",
	      "{\"enrollmentGroupId\":\"bad\",\"deviceId\":\"d\"," KEYS "}", 400);
	wants("GET /enrollments/bad", "", 404);
	wants("PUT /enrollments/good",
	      "{\"registrationId\":\"good\",\"iotHubHostName\":\"HUB.example\","
	      "\"iotHubs\":[\"" HOST "\"],\"optionalDeviceInformation\":{\"a\":1}," KEYS
	      "}",
	      200);
	wants("DELETE /enrollments/good", "", 204);
}

/* -- many ------------------------------------------------------------------------------ */

static void bulk(const char *mode, const char *list, int failures)
{
	char body[2000];
	struct json *json;

	snprintf(body, sizeof(body), "{\"mode\":\"%s\",\"enrollments\":[%s]}", mode,
		 list);
	json = asks("POST /enrollments/", body, service, NULL, 200);
	assert_int_equal(json_count(json_get(json, "errors")), failures);
	assert_int_equal(json_is_true(json_get(json, "isSuccessful")), failures == 0);
	json_free(json);
}

#define ONE(id) "{\"registrationId\":\"" id "\"," KEYS "}"

static void does_many_at_once(void **state)
{
	char ten[1000] = ONE("x"), eleven[1200];

	(void)state;
	bulk("create", ONE("b1") "," ONE("b2"), 0);
	bulk("create", ONE("b2") "," ONE("b3") "," ONE("-") ",7", 3);
	bulk("UPDATE", ONE("b1") "," ONE("none"), 1);
	bulk("updateIfMatchEtag", ONE("b1"), 1);
	bulk("updateIfMatchETag", "{\"registrationId\":\"b1\",\"etag\":\"*\"," KEYS "}",
	     0);
	bulk("delete", ONE("b1") "," ONE("b2") "," ONE("b3") "," ONE("b3"), 1);
	wants("POST /enrollments", "{\"mode\":\"create\",\"enrollments\":[]}", 400);
	wants("POST /enrollments", "{\"mode\":\"invent\",\"enrollments\":[1]}", 400);
	for (int i = 0; i < 9; i++)
		strcat(ten, "," ONE("x"));
	bulk("delete", ten, 10);
	snprintf(eleven, sizeof(eleven), "{\"mode\":\"delete\",\"enrollments\":[%s,%s]}",
		 ten, ONE("x"));
	wants("POST /enrollments", eleven, 400);
}

/* -- lists ----------------------------------------------------------------------------- */

/* How many are on the page; the token of the next one, or "", goes to `next`. */
static size_t page(const char *line, const char *size, char next[64])
{
	struct asked asked;
	struct json *json;
	size_t count;
	char whole[200];

	snprintf(whole, sizeof(whole), "%s" VERSION, line);
	ask_prepare(&asked, whole, "{\"query\":\"SELECT * FROM enrollments\"}", service);
	ask_header(&asked, "x-ms-max-item-count", size);
	if (*next)
		ask_header(&asked, "x-ms-continuation", next);
	hub_answer(&hub, &asked.request, &asked.answer);
	assert_int_equal(asked.answer.status, 200);
	snprintf(next, 64, "%s", header_of(&asked.answer, "x-ms-continuation"));
	json = json_parse(asked.answer.body.at, asked.answer.body.len, NULL);
	count = json_count(json);
	json_free(json);
	answer_free(&asked.answer);
	return count;
}

static void lists_by_pages(void **state)
{
	char next[64] = "";

	(void)state;
	bulk("create", ONE("l1") "," ONE("l2") "," ONE("l3"), 0);
	assert_int_equal(page("POST /enrollments/query", "2", next), 2);
	assert_true(*next);
	assert_int_equal(page("POST /enrollments/query", "2", next), 1);
	assert_string_equal(next, "");
	assert_int_equal(page("POST /enrollments/query", "3", next), 3);
	assert_string_equal(next, "");
	assert_int_equal(page("POST /enrollmentGroups/query", "10", next), 2);
	assert_int_equal(page("POST /registrations/g1/query", "10", next), 0);
	wants("POST /registrations/none/query", "{\"query\":\"*\"}", 404);
	wants("POST /enrollments/query", "{\"query\":\"*\"}", 200);
	wants("POST /enrollments/query", "{\"query\":\"SELECT * FROM devices\"}", 400);
	wants("POST /enrollments/query",
	      "{\"query\":\"SELECT * FROM enrollments WHERE 1\"}", 400);
	wants("POST /enrollments/query", "{}", 400);
}

/* -- devices --------------------------------------------------------------------------- */

static char path[200], body[100];

static struct json *device_asks(const char *method, const char *tail, const char *token,
				const char *certificate, const char **retry_after,
				int status)
{
	static char seconds[20];
	struct asked asked;
	struct json *json;
	char line[300];

	snprintf(line, sizeof(line), "%s %s%s?api-version=2019-03-31", method, path,
		 tail);
	ask_prepare(&asked, line, body, token);
	asked.request.certificate = certificate;
	hub_answer(&hub, &asked.request, &asked.answer);
	if (asked.answer.status != status)
		fail_msg("%s: %d %s", line, asked.answer.status, asked.answer.body.at);
	snprintf(seconds, sizeof(seconds), "%s", header_of(&asked.answer, "retry-after"));
	if (retry_after)
		*retry_after = seconds;
	json = json_parse(asked.answer.body.at, asked.answer.body.len, NULL);
	answer_free(&asked.answer);
	return json;
}

static void device_is(const char *id)
{
	snprintf(path, sizeof(path), "/%s/registrations/%s", hub.dps->scope, id);
	snprintf(body, sizeof(body), "{\"registrationId\":\"%s\"}", id);
}

static void registers(const char *token, const char *certificate)
{
	const char *retry_after;
	struct json *json =
		device_asks("PUT", "/register", token, certificate, &retry_after, 202);
	char tail[100];

	assert_string_equal(retry_after, "3");
	snprintf(tail, sizeof(tail), "/operations/%s",
		 json_get_text(json, "operationId"));
	json_free(json);
	json = device_asks("GET", tail, token, certificate, &retry_after, 200);
	assert_string_equal(retry_after, "");
	assert_string_equal(json_get_text(json, "status"), "assigned");
	json_free(json);
	json_free(device_asks("POST", "", token, certificate, NULL, 200));
	json_free(device_asks("GET", "", token, certificate, NULL, 200));
}

static void registers_by_key(void **state)
{
	struct json *json = asks("POST /enrollmentGroups/g1/attestationmechanism", "",
				 service, NULL, 200);
	char key[KEY_TEXT], token[400], resource[100];

	(void)state;
	assert_true(dps_derive_key(
		json_get_text(json_get(json, "symmetricKey"), "primaryKey"), "board.9",
		key));
	json_free(json);
	device_is("board.9");
	json_free(device_asks("PUT", "/register", NULL, NULL, NULL, 401));
	snprintf(resource, sizeof(resource), "%s/registrations/board.9", hub.dps->scope);
	sign_token(token, resource, key, "registration", 4000000000);
	registers(token, NULL);
	wants("GET /registrations/board.9", "", 200);
	json_free(asks("DELETE /registrations/board.9", "", service, "eA==", 412));
	wants("DELETE /registrations/board.9", "", 204);
	wants("GET /registrations/board.9", "", 404);
	json_free(device_asks("GET", "", token, NULL, NULL, 404));
}

static void registers_by_certificate(void **state)
{
	char next[64] = "";

	(void)state;
	device_is("board-1");
	registers(NULL, leaf.cert_pem);
	assert_int_equal(page("POST /registrations/g2/query", "10", next), 1);
	wants("DELETE /enrollmentGroups/g2", "", 204);
	wants("GET /registrations/board-1", "", 404);
	json_free(device_asks("PUT", "/register", NULL, leaf.cert_pem, NULL, 401));
}

static void is_throttled_by_a_tier_only(void **state)
{
	int refused = 0;

	(void)state;
	assert_true(throttle_init(&hub.throttle, "B1", clock_steady_ms()));
	for (int i = 0; i < 1500; i++) {
		struct answer answer = ask("GET /enrollments/none" VERSION, "");

		refused += answer.status == 429;
		answer_free(&answer);
	}
	assert_int_equal(refused, 0); /* what is not let in does not count */
	for (int i = 0; i < 1500; i++) {
		struct asked asked;

		ask_prepare(&asked, "GET /enrollments/none" VERSION, "", service);
		hub_answer(&hub, &asked.request, &asked.answer);
		refused += asked.answer.status == 429;
		answer_free(&asked.answer);
	}
	assert_true(refused > 0);
	hub.throttle = (struct throttle){ 0 };
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_for_its_own_policy),
		cmocka_unit_test(makes_changes_and_deletes_one),
		cmocka_unit_test(keeps_keys_that_a_change_does_not_say),
		cmocka_unit_test(says_what_certificates_say),
		cmocka_unit_test(refuses_enrollments),
		cmocka_unit_test(does_many_at_once),
		cmocka_unit_test(lists_by_pages),
		cmocka_unit_test(registers_by_key),
		cmocka_unit_test(registers_by_certificate),
		cmocka_unit_test(is_throttled_by_a_tier_only),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
