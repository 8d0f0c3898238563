/* A hub without sockets, its enrolments, and devices that register. */
#ifndef PROVISIONING_H
#define PROVISIONING_H

#include "clock.h"
#include "crypto.h"
#include "dps/dps.h"
#include "scratch.h"

#define HOST "hub.example"

static struct hub hub;

static inline void open_hub(void)
{
	char err[600];

	strcpy(hub.host, HOST);
	assert_int_equal(hub_open(&hub, scratch_fd, NULL, err, sizeof(err)), 0);
}

/* -- enrolments and tokens ------------------------------------------------------------- */

static inline struct json *parse(const char *text)
{
	struct json *json = json_parse(text, strlen(text), NULL);

	assert_non_null(json);
	return json;
}

/* What is wrong with the body, or NULL when it was put into the roll. */
static inline const char *enroll(bool group, const char *id, struct json *body)
{
	struct enrollment enrollment;
	const char *wrong;

	assert_true(roll_get(hub.dps->roll, group, id, &enrollment) >= 0);
	enrollment.group = group;
	snprintf(enrollment.id, sizeof(enrollment.id), "%s", id);
	wrong = enrollment_apply(&enrollment, body, HOST, clock_unix_ms());
	json_free(body);
	if (!wrong)
		assert_int_equal(roll_put(hub.dps->roll, &enrollment), 1);
	enrollment_free(&enrollment);
	return wrong;
}

#define KEYS "{\"attestation\":{\"type\":\"symmetricKey\"}"

static inline void keys_of(bool group, const char *id, char primary[DPS_KEY_TEXT],
			   char secondary[DPS_KEY_TEXT])
{
	struct enrollment enrollment;

	assert_int_equal(roll_get(hub.dps->roll, group, id, &enrollment), 1);
	snprintf(primary, DPS_KEY_TEXT, "%s", enrollment.primary);
	snprintf(secondary, DPS_KEY_TEXT, "%s", enrollment.secondary);
	enrollment_free(&enrollment);
}

static char token[600];

/* `slash` is / or %2F: the SDKs differ. */
static inline const char *sign(const char *key, const char *scope, const char *id,
			       const char *slash, const char *policy, long long expires)
{
	uint8_t raw[64], mac[SHA256_BYTES];
	char text[300], base64[50], *encoded;
	int len = base64_decode(raw, sizeof(raw), key, strlen(key));

	assert_true(len > 0);
	snprintf(text, sizeof(text), "%s%sregistrations%s%s\n%lld", scope, slash, slash,
		 id, expires);
	assert_true(crypto_hmac(mac, raw, (size_t)len, text, strlen(text)));
	base64_encode(base64, mac, sizeof(mac));
	encoded = percent_encode(base64);
	snprintf(token, sizeof(token),
		 "SharedAccessSignature sr=%s%sregistrations%s%s&sig=%s&se=%lld&skn=%s",
		 scope, slash, slash, id, encoded, expires, policy);
	free(encoded);
	return token;
}

static inline const char *sign_well(const char *key, const char *id)
{
	return sign(key, hub.dps->scope, id, "%2F", "registration", 4000000000);
}

/* -- registering ----------------------------------------------------------------------- */

static inline struct dps_result ask(const struct dps_client *client)
{
	struct dps_result result = { 0 };
	char body[200];

	snprintf(body, sizeof(body), "{\"registrationId\":\"%s\"}", client->id);
	dps_register(&hub, client, body, strlen(body), &result);
	return result;
}

static inline struct json *registered(const struct dps_client *client, const char *status)
{
	struct dps_result result = ask(client);
	char operation[DPS_OPERATION_TEXT];
	struct json *state;

	if (result.status != 202)
		fail_msg("%s: %d", result.why, result.status);
	assert_int_equal(result.retry_after_s, 3);
	assert_string_equal(json_get_text(result.body, "status"), "assigning");
	snprintf(operation, sizeof(operation), "%s",
		 json_get_text(result.body, "operationId"));
	dps_result_free(&result);
	dps_poll(&hub, client, operation, &result);
	assert_int_equal(result.status, 200);
	assert_int_equal(result.retry_after_s, -1);
	assert_string_equal(json_get_text(result.body, "operationId"), operation);
	assert_string_equal(json_get_text(result.body, "status"), status);
	state = json_copy(json_get(result.body, "registrationState"));
	assert_string_equal(json_get_text(state, "status"), status);
	dps_result_free(&result);
	return state;
}

static inline struct device device_of(const char *id)
{
	struct device device;

	assert_int_equal(store_get(hub.store, id, "", &device), 1);
	return device;
}

/* "Symmetric key attestation", and Microsoft's vector. */

#endif
