/* What a device asks of the service: the functions for clients of dps.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "dps/assign.h"
#include "dps/attest.h"

/* -- answers ------------------------------------------------------------------------- */

struct json *dps_error_json(const struct error_kind *kind, const char *message,
			    int64_t now_ms)
{
	struct json *json = json_new_object();
	char when[TIME_TEXT], id[CRYPTO_UUID_TEXT];

	crypto_uuid(id);
	clock_iso(when, now_ms);
	json_add_number(json, "errorCode", kind->number);
	json_add_text(json, "trackingId", id);
	json_add_text(json, "message", message);
	json_add_text(json, "timestampUtc", when);
	return json;
}

void dps_result_free(struct dps_result *result)
{
	json_free(result->body);
	result->body = NULL;
}

/* The log has `result->why`; what the client is told, NULL: no more than the kind. */
static void refuse_client(struct dps_result *result, enum error error, const char *told)
{
	const struct error_kind *kind = error_kind(error);

	result->refused = error;
	result->status = kind->status;
	result->retry_after_s = -1;
	result->body = dps_error_json(kind, told ? told : kind->text, clock_unix_ms());
}

static void refuse_because(struct dps_result *result, enum error error,
			   const char *reason)
{
	snprintf(result->why, sizeof(result->why), "%s", reason);
	refuse_client(result, error, reason);
}

/* {"operationId":"4...","status":"assigning","registrationState":{...}} */
static void answer_operation(struct dps_result *result, int status, const char *operation,
			     const char *words, struct json *state)
{
	result->status = status;
	result->retry_after_s = status == 202 ? DPS_RETRY_AFTER_S : -1;
	result->body = json_new_object();
	json_add_text(result->body, "operationId", operation);
	json_add_text(result->body, "status", words);
	if (state)
		json_add(result->body, "registrationState", state);
}

/* As captures of the real service have it. */
static void answer_disabled(struct dps_result *result, const char *id)
{
	const char *words = registration_status_name(REGISTRATION_DISABLED);
	struct json *state = json_new_object();

	json_add_text(state, "registrationId", id);
	json_add_text(state, "status", words);
	answer_operation(result, 200, "", words, state);
}

/* -- what is asked ------------------------------------------------------------------- */

enum error dps_connect(const struct hub *hub, const struct dps_client *client, char *why,
		       size_t why_bytes)
{
	struct sas sas;

	return attest_shown(hub, client, &sas, why, why_bytes);
}

/* NULL, or what is wrong with it. Devices with Microsoft's SDK for embedded C send none. */
static const char *check_body(const struct dps_client *client, const char *body,
			      size_t len)
{
	const char *id, *wrong = NULL;
	struct json *json;

	if (len == 0)
		return NULL;
	json = json_parse(body, len, NULL);
	id = json_get_text(json, "registrationId");
	if (json_kind(json) != JSON_OBJECT)
		wrong = "The body is not a JSON object.";
	else if (!id || strcasecmp(id, client->id) != 0)
		wrong = "registrationId of the body is not that of the device.";
	json_free(json);
	return wrong;
}

/* True: there is an enrolment, to be freed with attested_free(). */
static bool let_in(struct hub *hub, const struct dps_client *client,
		   struct attested *attested, struct dps_result *result)
{
	enum error error =
		attest(hub, client, attested, result->why, sizeof(result->why));

	if (error != ERROR_NONE)
		refuse_client(result, error, NULL);
	return error == ERROR_NONE;
}

/* By HTTPS and MQTT together. */
static bool is_throttled(struct hub *hub, int *retry_s)
{
	return throttle_take(&hub->throttle, THROTTLE_REGISTRATION, 1, clock_steady_ms(),
			     retry_s) < 0;
}

static void refuse_throttled(struct dps_result *result, int retry_s)
{
	const enum error error = ERROR_TENANT_THROTTLED;

	refuse_because(result, error, error_kind(error)->text);
	result->retry_after_s = retry_s;
}

void dps_register(struct hub *hub, const struct dps_client *client, const char *body,
		  size_t len, struct dps_result *result)
{
	struct attested attested;
	struct registration registration;
	const char *wrong;
	int retry_s;

	if (!let_in(hub, client, &attested, result))
		return;
	wrong = check_body(client, body, len);
	if (wrong)
		refuse_because(result, ERROR_ARGUMENT, wrong);
	else if (!enrollment_enabled(&attested.enrollment))
		answer_disabled(result, client->id);
	else if (is_throttled(hub, &retry_s))
		refuse_throttled(result, retry_s);
	else if (assign(hub, client, &attested, &registration) < 0)
		refuse_because(result, ERROR_SERVER, "the store fails");
	else
		answer_operation(result, 202, registration.operation, "assigning", NULL);
	attested_free(&attested);
}

/* 1: it is there. */
static int find_registration(struct hub *hub, const struct dps_client *client,
			     struct registration *registration, struct dps_result *result)
{
	struct attested attested;
	int rc;

	if (!let_in(hub, client, &attested, result))
		return 0;
	attested_free(&attested);
	rc = roll_get_registration(hub->dps->roll, client->id, registration);
	if (rc < 0)
		refuse_because(result, ERROR_SERVER, "the store fails");
	else if (rc == 0)
		refuse_because(result, ERROR_NO_REGISTRATION,
			       "The device has not registered.");
	return rc;
}

void dps_poll(struct hub *hub, const struct dps_client *client, const char *operation,
	      struct dps_result *result)
{
	struct registration registration;

	if (find_registration(hub, client, &registration, result) != 1)
		return;
	if (strcmp(operation, registration.operation) != 0)
		refuse_because(result, ERROR_NO_REGISTRATION,
			       "The operation is not the last one of the device.");
	else
		answer_operation(result, 200, operation,
				 registration_status_name(registration.status),
				 registration_json(&registration, true));
}

void dps_lookup(struct hub *hub, const struct dps_client *client,
		struct dps_result *result)
{
	struct registration registration;

	if (find_registration(hub, client, &registration, result) != 1)
		return;
	result->status = 200;
	result->retry_after_s = -1;
	result->body = registration_json(&registration, true);
}
