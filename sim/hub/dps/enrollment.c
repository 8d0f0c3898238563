#include "dps/enrollment.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "crypto.h"
#include "twin.h"
#include "x509.h"

static void wipe(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void enrollment_free(struct enrollment *enrollment)
{
	wipe(&enrollment->primary);
	wipe(&enrollment->secondary);
	json_free(enrollment->rest);
	*enrollment = (struct enrollment){ 0 };
}

bool enrollment_id_valid(const char *id)
{
	size_t len = strlen(id);

	if (len == 0 || len > ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)id[i]) &&
		    (!strchr(":._-", id[i]) || i == 0 || i == len - 1))
			return false;
	return true;
}

/*
 * The base64 of 61008d46-0000-0100-0000-5e8fe3d10000. In captures that has quotes, and so
 * ends as keys do; clients look at neither.
 */
bool enrollment_new_etag(char to[DPS_ETAG_TEXT])
{
	uint32_t random[2];
	char text[40];
	int len;

	if (!crypto_random(random, sizeof(random)))
		return false;
	len = snprintf(text, sizeof(text),
		       "%08" PRIx32 "-0000-0100-0000-%08" PRIx32 "0000", random[0],
		       random[1]);
	base64_encode(to, (const uint8_t *)text, (size_t)len);
	return true;
}

/* -- attestation --------------------------------------------------------------------- */

static const struct {
	const char *x509; /* the member of x509; NULL: symmetricKey */
	bool individual;
	bool group;
} attestations[ATTESTATIONS] = {
	[ATTEST_KEYS] = { NULL, true, true },
	[ATTEST_CERTIFICATE] = { "clientCertificates", true, false },
	[ATTEST_SIGNER] = { "signingCertificates", false, true },
	[ATTEST_CA] = { "caReferences", true, true },
};

static const char no_memory[] = "There is no memory for this enrollment.";

static bool has_text(const char *text)
{
	return text && *text;
}

static const char *take(char **to, char *made)
{
	if (!made)
		return no_memory;
	wipe(to);
	*to = made;
	return NULL;
}

static const char *take_copy(char **to, const char *text)
{
	return take(to, strdup(text));
}

static const char *new_key(char **to)
{
	uint8_t raw[DPS_KEY_BYTES];
	char key[DPS_KEY_TEXT];
	const char *wrong;

	if (!crypto_random(raw, sizeof(raw)))
		return "There is no randomness for a key.";
	base64_encode(key, raw, sizeof(raw));
	wrong = take_copy(to, key);
	explicit_bzero(raw, sizeof(raw));
	explicit_bzero(key, sizeof(key));
	return wrong;
}

static const char *apply_key(char **to, const char *key)
{
	uint8_t raw[DPS_KEY_BYTES];
	int len;

	if (!has_text(key))
		return *to ? NULL : new_key(to);
	len = base64_decode(raw, sizeof(raw), key, strlen(key));
	explicit_bzero(raw, sizeof(raw));
	if (len < 16)
		return "A symmetric key is the base64 of 16 to 64 bytes.";
	return take_copy(to, key);
}

/* One of primary and secondary; the latter may be missing, and is gone then. */
static const char *apply_certificate(char **to, const struct json *said, bool needed)
{
	const char *text = json_get_text(said, "certificate");
	char *pem;

	if (has_text(text)) {
		pem = x509_read_pem(text);
		return pem ? take(to, pem)
			   : "A certificate is PEM, or the base64 of its DER.";
	}
	if (needed && !*to)
		return "The primary certificate is missing.";
	if (json_kind(said) != JSON_OBJECT && !needed)
		wipe(to);
	return NULL;
}

static const char *apply_name(char **to, const char *name, bool needed)
{
	if (has_text(name))
		return take_copy(to, name);
	if (needed)
		return "The primary CA reference is missing.";
	wipe(to);
	return NULL;
}

static const char *find_kind(const struct json *attestation, enum attestation *by)
{
	const char *type = json_get_text(attestation, "type");
	const struct json *x509 = json_get(attestation, "x509");
	int found = 0;

	*by = ATTEST_KEYS;
	if (type && strcasecmp(type, "symmetricKey") == 0)
		return NULL;
	if (!type || strcasecmp(type, "x509") != 0)
		return "attestation.type is symmetricKey or x509; there is no TPM here.";
	for (int i = ATTEST_CERTIFICATE; i < ATTESTATIONS; i++)
		if (json_kind(json_get(x509, attestations[i].x509)) == JSON_OBJECT) {
			*by = (enum attestation)i;
			found++;
		}
	return found == 1 ? NULL
			  : "x509 has one of clientCertificates, signingCertificates "
			    "and caReferences.";
}

static const char *apply_attestation(struct enrollment *enrollment,
				     const struct json *said)
{
	const struct json *inner;
	enum attestation by;
	const char *wrong = find_kind(said, &by);

	if (wrong)
		return wrong;
	if (enrollment->group ? !attestations[by].group : !attestations[by].individual)
		return "clientCertificates are of individual enrollments, "
		       "signingCertificates of groups.";
	if (by != enrollment->by) {
		wipe(&enrollment->primary);
		wipe(&enrollment->secondary);
		enrollment->by = by;
	}
	inner = by == ATTEST_KEYS
			? json_get(said, "symmetricKey")
			: json_get(json_get(said, "x509"), attestations[by].x509);
	switch (by) {
	case ATTEST_KEYS:
		wrong = apply_key(&enrollment->primary,
				  json_get_text(inner, "primaryKey"));
		return wrong ? wrong
			     : apply_key(&enrollment->secondary,
					 json_get_text(inner, "secondaryKey"));
	case ATTEST_CA:
		wrong = apply_name(&enrollment->primary, json_get_text(inner, "primary"),
				   true);
		return wrong ? wrong
			     : apply_name(&enrollment->secondary,
					  json_get_text(inner, "secondary"), false);
	default:
		wrong = apply_certificate(&enrollment->primary,
					  json_get(inner, "primary"), true);
		return wrong ? wrong
			     : apply_certificate(&enrollment->secondary,
						 json_get(inner, "secondary"), false);
	}
}

/* -- all else ------------------------------------------------------------------------ */

struct applied {
	const struct enrollment *enrollment;
	const struct json *said; /* NULL or null: nothing */
	const char *hub_host;
	int64_t now_ms;
	struct json **value; /* what is kept; NULL: nothing */
};

static bool is_said(const struct applied *a)
{
	return json_kind(a->said) != JSON_NONE && json_kind(a->said) != JSON_NULL;
}

static bool one_of(const char *text, const char *const *names, size_t count,
		   struct json **value)
{
	for (size_t i = 0; i < count; i++)
		if (text && strcasecmp(text, names[i]) == 0) {
			*value = json_new_text(names[i]);
			return true;
		}
	return false;
}

static const char *apply_status(const struct applied *a)
{
	static const char *const names[] = { "enabled", "disabled" };

	return one_of(is_said(a) ? json_text(a->said) : names[0], names, 2, a->value)
		       ? NULL
		       : "provisioningStatus is enabled or disabled.";
}

static const char *apply_device(const struct applied *a)
{
	const char *id = json_text(a->said);

	if (!is_said(a) || (id && !*id))
		return NULL;
	if (a->enrollment->group)
		return "A group has no deviceId.";
	if (!id || !device_id_valid(id))
		return "deviceId is no id of a device.";
	*a->value = json_new_text(id);
	return NULL;
}

static bool is_this_hub(const struct applied *a, const struct json *name)
{
	return json_text(name) && strcasecmp(json_text(name), a->hub_host) == 0;
}

static const char *apply_hub(const struct applied *a)
{
	if (!is_said(a) || (json_text(a->said) && !*json_text(a->said)))
		return NULL;
	if (!is_this_hub(a, a->said))
		return "iotHubHostName is not the hub that is linked here.";
	*a->value = json_copy(a->said);
	return NULL;
}

static const char *apply_hubs(const struct applied *a)
{
	if (!is_said(a))
		return NULL;
	if (json_kind(a->said) != JSON_ARRAY)
		return "iotHubs is an array of host names.";
	for (const struct json *m = json_first(a->said); m; m = json_next(m))
		if (!is_this_hub(a, m))
			return "iotHubs has others than the hub that is linked here.";
	*a->value = json_copy(a->said);
	return NULL;
}

static const char *apply_twin(const struct applied *a)
{
	struct device scratch = { 0 };
	const char *wrong;

	if (!is_said(a))
		return NULL;
	wrong = twin_apply(&scratch.twin, a->said, TWIN_REPLACE, a->now_ms);
	device_free(&scratch);
	if (!wrong)
		*a->value = json_copy(a->said);
	return wrong;
}

static bool said_true(const struct json *object, const char *key, bool otherwise)
{
	const struct json *said = json_get(object, key);

	return json_kind(said) == JSON_BOOL ? json_is_true(said) : otherwise;
}

static const char *apply_reprovision(const struct applied *a)
{
	static const char *const keys[] = { "updateHubAssignment", "migrateDeviceData" };

	if (is_said(a) && json_kind(a->said) != JSON_OBJECT)
		return "reprovisionPolicy is an object.";
	*a->value = json_new_object();
	for (int i = 0; i < 2; i++)
		json_add_bool(*a->value, keys[i], said_true(a->said, keys[i], true));
	return NULL;
}

static const char *apply_allocation(const struct applied *a)
{
	static const char *const names[] = { "hashed", "geoLatency", "static", "custom" };

	return one_of(is_said(a) ? json_text(a->said) : names[0], names, 4, a->value)
		       ? NULL
		       : "allocationPolicy is hashed, geoLatency, static or custom.";
}

static const char *apply_capabilities(const struct applied *a)
{
	*a->value = json_new_object();
	json_add_bool(*a->value, "iotEdge", said_true(a->said, "iotEdge", false));
	return NULL;
}

static const char *apply_object(const struct applied *a)
{
	if (is_said(a) && json_kind(a->said) != JSON_OBJECT)
		return "customAllocationDefinition and optionalDeviceInformation are "
		       "objects.";
	if (is_said(a))
		*a->value = json_copy(a->said);
	return NULL;
}

static const struct {
	const char *name;
	const char *(*apply)(const struct applied *a);
} properties[] = {
	{ "provisioningStatus", apply_status },
	{ "deviceId", apply_device },
	{ "iotHubHostName", apply_hub },
	{ "iotHubs", apply_hubs },
	{ "initialTwin", apply_twin },
	{ "reprovisionPolicy", apply_reprovision },
	{ "allocationPolicy", apply_allocation },
	{ "customAllocationDefinition", apply_object },
	{ "capabilities", apply_capabilities },
	{ "optionalDeviceInformation", apply_object },
};

#define PROPERTIES (sizeof(properties) / sizeof(properties[0]))

static const char *apply_rest(struct enrollment *enrollment, const struct json *body,
			      const char *hub_host, int64_t now_ms)
{
	struct json *rest = json_new_object();
	const char *wrong = NULL;

	for (size_t i = 0; i < PROPERTIES && !wrong; i++) {
		struct json *value = NULL;
		struct applied applied = { enrollment, json_get(body, properties[i].name),
					   hub_host, now_ms, &value };

		wrong = properties[i].apply(&applied);
		if (value)
			json_add(rest, properties[i].name, value);
	}
	if (wrong) {
		json_free(rest);
		return wrong;
	}
	json_free(enrollment->rest);
	enrollment->rest = rest;
	return NULL;
}

const char *enrollment_apply(struct enrollment *enrollment, const struct json *body,
			     const char *hub_host, int64_t now_ms)
{
	const char *wrong = apply_attestation(enrollment, json_get(body, "attestation"));

	if (!wrong)
		wrong = apply_rest(enrollment, body, hub_host, now_ms);
	if (!wrong && !enrollment_new_etag(enrollment->etag))
		wrong = "There is no randomness for an etag.";
	if (!enrollment->created_ms)
		enrollment->created_ms = now_ms;
	enrollment->updated_ms = now_ms;
	return wrong;
}

/* -- how it looks -------------------------------------------------------------------- */

static void add_certificate(struct json *to, const char *name, const char *pem)
{
	struct x509_info info;
	struct json *json;
	char when[TIME_TEXT];

	if (!pem || !x509_describe(pem, &info))
		return;
	json = json_add_object(json_add_object(to, name), "info");
	json_add_text(json, "subjectName", info.subject);
	json_add_text(json, "sha1Thumbprint", info.sha1);
	json_add_text(json, "sha256Thumbprint", info.sha256);
	json_add_text(json, "issuerName", info.issuer);
	clock_iso(when, info.from_ms);
	json_add_text(json, "notBeforeUtc", when);
	clock_iso(when, info.until_ms);
	json_add_text(json, "notAfterUtc", when);
	json_add_text(json, "serialNumber", info.serial);
	json_add_number(json, "version", info.version);
}

struct json *enrollment_attestation(const struct enrollment *enrollment, bool with_keys)
{
	struct json *json = json_new_object(), *inner;
	bool keys = enrollment->by == ATTEST_KEYS;

	json_add_text(json, "type", keys ? "symmetricKey" : "x509");
	if (keys && !with_keys)
		return json;
	inner = json_add_object(json, keys ? "symmetricKey" : "x509");
	if (keys) {
		json_add_text(inner, "primaryKey", enrollment->primary);
		json_add_text(inner, "secondaryKey", enrollment->secondary);
		return json;
	}
	inner = json_add_object(inner, attestations[enrollment->by].x509);
	if (enrollment->by == ATTEST_CA) {
		json_add_text(inner, "primary", enrollment->primary);
		if (enrollment->secondary)
			json_add_text(inner, "secondary", enrollment->secondary);
		return json;
	}
	add_certificate(inner, "primary", enrollment->primary);
	add_certificate(inner, "secondary", enrollment->secondary);
	return json;
}

struct json *enrollment_json(const struct enrollment *enrollment)
{
	struct json *json = json_new_object();
	char when[TIME_TEXT];

	json_add_text(json, enrollment->group ? "enrollmentGroupId" : "registrationId",
		      enrollment->id);
	json_add(json, "attestation", enrollment_attestation(enrollment, false));
	for (const struct json *m = json_first(enrollment->rest); m; m = json_next(m))
		json_add(json, json_key(m), json_copy(m));
	json_add_text(json, "etag", enrollment->etag);
	clock_iso(when, enrollment->created_ms);
	json_add_text(json, "createdDateTimeUtc", when);
	clock_iso(when, enrollment->updated_ms);
	json_add_text(json, "lastUpdatedDateTimeUtc", when);
	return json;
}

bool enrollment_enabled(const struct enrollment *enrollment)
{
	const char *status = json_get_text(enrollment->rest, "provisioningStatus");

	return status && strcmp(status, "enabled") == 0;
}

const char *enrollment_device(const struct enrollment *enrollment)
{
	return json_get_text(enrollment->rest, "deviceId");
}
