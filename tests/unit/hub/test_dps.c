/* Devices that ask the Device Provisioning Service for their hub. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "provisioning.h"
#include "x509.h"

static struct cert ca, other_ca, leaf, own;

static int set_up(void **state)
{
	(void)state;
	scratch_make();
	open_hub();
	assert_true(crypto_make_ca(&ca, "line ca", 10));
	assert_true(crypto_make_ca(&other_ca, "other ca", 10));
	assert_true(crypto_make_server(&leaf, &ca, "board-1", "DNS:x", 5));
	assert_true(crypto_make_server(&own, &other_ca, "board-2", "DNS:x", 5));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hub_close(&hub);
	cert_free(&ca);
	cert_free(&other_ca);
	cert_free(&leaf);
	cert_free(&own);
	scratch_remove();
	return 0;
}

static struct json *by_certificate(const char *kind, const char *pem, const char *rest)
{
	struct json *body = parse(rest);
	struct json *attestation = json_add_object(body, "attestation");
	struct json *kinds = json_add_object(attestation, "x509");

	json_add_text(attestation, "type", "x509");
	json_add_text(json_add_object(json_add_object(kinds, kind), "primary"),
		      "certificate", pem);
	return body;
}

static void expect_refused(const struct dps_client *client, int status, int code)
{
	struct dps_result result = ask(client);

	if (result.status != status ||
	    (int)json_number(json_get(result.body, "errorCode")) != code)
		fail_msg("%s: %d, not %d", result.why, result.status, status);
	assert_non_null(json_get_text(result.body, "trackingId"));
	assert_non_null(json_get_text(result.body, "timestampUtc"));
	assert_int_equal(result.retry_after_s, -1);
	assert_true(*result.why);
	dps_result_free(&result);
}

/* Registers and polls; the registrationState, which the caller frees. */
static void derives_keys_of_groups(void **state)
{
	char key[KEY_TEXT];

	(void)state;
	assert_true(
		dps_derive_key("8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1"
			       "KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw==",
			       "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6", key));
	assert_string_equal(key, "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=");
	assert_false(dps_derive_key("no base64", "id", key));
}

static void assigns_by_keys_of_its_own(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-1" };
	struct device device;
	struct json *json;

	(void)state;
	assert_non_null(enroll(false, "reg-1", parse(KEYS ",\"deviceId\":\"Dev 1\"}")));
	assert_null(enroll(false, "reg-1",
			   parse(KEYS ",\"deviceId\":\"Dev-1\",\"capabilities\":"
				      "{\"iotEdge\":true},\"initialTwin\":{\"tags\":"
				      "{\"line\":3},\"properties\":{\"desired\":"
				      "{\"rate\":5}}}}")));
	keys_of(false, "reg-1", primary, secondary);
	assert_int_equal(strlen(primary), 88);
	client.token = sign_well(primary, "reg-1");
	json = registered(&client, "assigned");
	assert_string_equal(json_get_text(json, "assignedHub"), HOST);
	assert_string_equal(json_get_text(json, "deviceId"), "Dev-1");
	assert_string_equal(json_get_text(json, "substatus"), "initialAssignment");
	json_free(json);
	device = device_of("Dev-1");
	assert_int_equal(device.auth, AUTH_SAS);
	assert_string_equal(device.primary, primary);
	assert_string_equal(device.secondary, secondary);
	assert_true(device.edge);
	assert_string_equal(device.twin.tags, "{\"line\":3}");
	assert_string_equal(device.twin.desired, "{\"rate\":5}");
	device_free(&device);
	/* the other key, the other encoding, the other case */
	client.token =
		sign(secondary, hub.dps->scope, "reg-1", "/", "registration", 4000000000);
	json_free(registered(&client, "assigned"));
	client.id = "REG-1";
	client.token = sign_well(primary, "REG-1");
	json_free(registered(&client, "assigned"));
}

static void assigns_by_keys_of_a_group(void **state)
{
	char keys[2][DPS_KEY_TEXT], derived[2][KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "board_7" };
	struct device device;
	struct json *json;

	(void)state;
	assert_null(enroll(true, "line-a", parse(KEYS "}")));
	assert_null(enroll(true, "line-b", parse(KEYS "}")));
	keys_of(true, "line-b", keys[0], keys[1]);
	for (int i = 0; i < 2; i++)
		assert_true(dps_derive_key(keys[i], "board_7", derived[i]));
	client.token = sign_well(keys[0], "board_7");
	expect_refused(&client, 401, 401002);
	client.token = sign_well(derived[1], "board_7");
	json = registered(&client, "assigned");
	assert_string_equal(json_get_text(json, "deviceId"), "board_7");
	assert_string_equal(
		json_get_text(json_get(json, "symmetricKey"), "enrollmentGroupId"),
		"line-b");
	json_free(json);
	device = device_of("board_7");
	assert_string_equal(device.primary, derived[0]);
	assert_string_equal(device.secondary, derived[1]);
	device_free(&device);
	/* ids are the same in capitals, but those of the hub's devices are not */
	client.id = "BOARD_7";
	assert_true(dps_derive_key(keys[0], "BOARD_7", derived[0]));
	client.token = sign_well(derived[0], "BOARD_7");
	json = registered(&client, "assigned");
	assert_string_equal(json_get_text(json, "registrationId"), "board_7");
	assert_string_equal(json_get_text(json, "deviceId"), "board_7");
	json_free(json);
	/* one of its own, and disabled, shuts the device of a group out */
	assert_null(enroll(false, "board_7",
			   parse(KEYS ",\"provisioningStatus\":"
				      "\"disabled\"}")));
	expect_refused(&client, 401, 401002);
}

static void assigns_by_certificates(void **state)
{
	struct dps_client client = { .scope = hub.dps->scope, .id = "board-1" };
	char print[THUMBPRINT_TEXT];
	struct device device;
	struct json *json;

	(void)state;
	client.certificate = leaf.cert_pem;
	expect_refused(&client, 401, 401002);
	assert_null(enroll(true, "ca-line",
			   by_certificate("signingCertificates", ca.cert_pem, "{}")));
	json = registered(&client, "assigned");
	assert_string_equal(json_get_text(json_get(json, "x509"), "enrollmentGroupId"),
			    "ca-line");
	json_free(json);
	assert_true(x509_thumbprint(leaf.cert_pem, 64, print));
	device = device_of("board-1");
	assert_int_equal(device.auth, AUTH_SELF_SIGNED);
	assert_string_equal(device.primary, print);
	assert_string_equal(device.secondary, "");
	device_free(&device);
	/* of another CA, another name, and one that is known itself */
	client.id = "board-2";
	expect_refused(&client, 401, 401002);
	client.certificate = own.cert_pem;
	expect_refused(&client, 401, 401002);
	assert_null(enroll(false, "board-2",
			   by_certificate("clientCertificates", own.cert_pem, "{}")));
	json_free(registered(&client, "assigned"));
	client.certificate = leaf.cert_pem;
	expect_refused(&client, 401, 401002);
}

static void assigns_by_a_ca_of_the_folder(void **state)
{
	struct dps_client client = { .scope = hub.dps->scope,
				     .id = "board-2",
				     .certificate = own.cert_pem };

	(void)state;
	assert_int_equal(roll_delete(hub.dps->roll, false, "board-2"), 1);
	expect_refused(&client, 401, 401002);
	assert_null(enroll(true, "by-name",
			   parse("{\"attestation\":{\"type\":\"x509\",\"x509\":"
				 "{\"caReferences\":{\"primary\":\"other ca\"}}}}")));
	expect_refused(&client, 401, 401002);
	hub.device_cas = strdup(other_ca.cert_pem);
	json_free(registered(&client, "assigned"));
}

static void refuses_what_is_no_token_of_the_device(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	const char *scope = hub.dps->scope;
	struct dps_client client = { .scope = scope, .id = "reg-2" };

	(void)state;
	assert_null(enroll(false, "reg-2", parse(KEYS "}")));
	keys_of(false, "reg-2", primary, secondary);
	expect_refused(&client, 401, 401002);
	client.token = "";
	expect_refused(&client, 401, 401002);
	client.token = "SharedAccessSignature sr=x";
	expect_refused(&client, 401, 401003);
	client.token = sign(primary, scope, "reg-2", "/", "registration", 1500000000);
	expect_refused(&client, 401, 401003);
	client.token = sign(primary, scope, "reg-2", "/", "device", 4000000000);
	expect_refused(&client, 401, 401002);
	client.token = sign(primary, scope, "reg-3", "/", "registration", 4000000000);
	expect_refused(&client, 401, 401002);
	client.token =
		sign(secondary, "0ne00000000", "reg-2", "/", "registration", 4000000000);
	expect_refused(&client, 401, 401002);
	client.token = sign_well("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "reg-2");
	expect_refused(&client, 401, 401002);
	client.token = sign_well(primary, "reg-2");
	client.scope = "0ne00000000";
	expect_refused(&client, 404, 404000);
	client.scope = scope;
	client.id = "-reg-2";
	expect_refused(&client, 400, 400004);
	client.id = "reg-2";
	json_free(registered(&client, "assigned"));
}

static void judges_the_key_after_connecting(void **state)
{
	struct dps_client client = { .scope = hub.dps->scope, .id = "nobody" };
	char why[200];

	(void)state;
	client.token =
		sign_well("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "nobody");
	assert_int_equal(dps_connect(&hub, &client, why, sizeof(why)), ERROR_NONE);
	expect_refused(&client, 401, 401002);
	client.token = NULL;
	assert_int_equal(dps_connect(&hub, &client, why, sizeof(why)), ERROR_ACCESS);
	client.certificate = leaf.cert_pem;
	assert_int_equal(dps_connect(&hub, &client, why, sizeof(why)), ERROR_NONE);
	expect_refused(&client, 401, 401002);
	client.scope = "0ne00000000";
	assert_int_equal(dps_connect(&hub, &client, why, sizeof(why)), ERROR_NO_RESOURCE);
}

static void is_throttled_by_a_tier(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-2" };
	struct dps_result result;
	int refused = 0;

	(void)state;
	keys_of(false, "reg-2", primary, secondary);
	client.token = sign_well(primary, "reg-2");
	assert_true(throttle_init(&hub.throttle, "S1", clock_steady_ms()));
	throttle_take(&hub.throttle, THROTTLE_REGISTRATION, 1000, clock_steady_ms(),
		      &refused);
	for (refused = 0; refused < 1000; refused++) {
		result = ask(&client);
		if (result.status == 429)
			break;
		dps_result_free(&result);
	}
	assert_int_equal(result.status, 429);
	assert_true(result.retry_after_s > 0);
	assert_int_equal((int)json_number(json_get(result.body, "errorCode")), 429001);
	dps_result_free(&result);
	hub.throttle = (struct throttle){ 0 };
}

static void refuses_bodies(void **state)
{
	static const char *const bodies[] = { " ",
					      "[]",
					      "{",
					      "{}",
					      "{\"registrationId\":\"other\"}",
					      "{\"registrationId\":7}" };
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-2" };

	(void)state;
	keys_of(false, "reg-2", primary, secondary);
	client.token = sign_well(primary, "reg-2");
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct dps_result result = { 0 };

		dps_register(&hub, &client, bodies[i], strlen(bodies[i]), &result);
		assert_int_equal(result.status, 400);
		dps_result_free(&result);
	}
}

/* As a device with the SDK for embedded C does. */
static void registers_without_a_body(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-2" };
	struct dps_result result = { 0 };

	(void)state;
	keys_of(false, "reg-2", primary, secondary);
	client.token = sign_well(primary, "reg-2");
	dps_register(&hub, &client, "", 0, &result);
	assert_int_equal(result.status, 202);
	dps_result_free(&result);
}

static void knows_the_last_operation_alone(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-4" };
	struct dps_result result = { 0 };

	(void)state;
	assert_null(enroll(false, "reg-4", parse(KEYS "}")));
	keys_of(false, "reg-4", primary, secondary);
	client.token = sign_well(primary, "reg-4");
	dps_lookup(&hub, &client, &result);
	assert_int_equal(result.status, 404);
	dps_result_free(&result);
	json_free(registered(&client, "assigned"));
	dps_poll(&hub, &client, "4.0.1", &result);
	assert_int_equal(result.status, 404);
	dps_result_free(&result);
	dps_lookup(&hub, &client, &result);
	assert_int_equal(result.status, 200);
	assert_string_equal(json_get_text(result.body, "deviceId"), "reg-4");
	dps_result_free(&result);
}

static void tells_a_disabled_device_so(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-5" };
	struct dps_result result;

	(void)state;
	assert_null(enroll(false, "reg-5",
			   parse(KEYS ",\"provisioningStatus\":\"Disabled\"}")));
	keys_of(false, "reg-5", primary, secondary);
	client.token = sign_well(primary, "reg-5");
	result = ask(&client);
	assert_int_equal(result.status, 200);
	assert_string_equal(json_get_text(result.body, "operationId"), "");
	assert_string_equal(json_get_text(result.body, "status"), "disabled");
	assert_string_equal(json_get_text(json_get(result.body, "registrationState"),
					  "registrationId"),
			    "reg-5");
	dps_result_free(&result);
}

static void fails_where_a_webhook_would_choose(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-6" };
	struct json *json;

	(void)state;
	assert_null(
		enroll(false, "reg-6", parse(KEYS ",\"allocationPolicy\":\"custom\"}")));
	keys_of(false, "reg-6", primary, secondary);
	client.token = sign_well(primary, "reg-6");
	json = registered(&client, "failed");
	assert_int_equal((int)json_number(json_get(json, "errorCode")), 400207);
	assert_non_null(json_get_text(json, "errorMessage"));
	assert_null(json_get(json, "assignedHub"));
	json_free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derives_keys_of_groups),
		cmocka_unit_test(assigns_by_keys_of_its_own),
		cmocka_unit_test(assigns_by_keys_of_a_group),
		cmocka_unit_test(assigns_by_certificates),
		cmocka_unit_test(assigns_by_a_ca_of_the_folder),
		cmocka_unit_test(refuses_what_is_no_token_of_the_device),
		cmocka_unit_test(judges_the_key_after_connecting),
		cmocka_unit_test(refuses_bodies),
		cmocka_unit_test(registers_without_a_body),
		cmocka_unit_test(is_throttled_by_a_tier),
		cmocka_unit_test(knows_the_last_operation_alone),
		cmocka_unit_test(tells_a_disabled_device_so),
		cmocka_unit_test(fails_where_a_webhook_would_choose),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
