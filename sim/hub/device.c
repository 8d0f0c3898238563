#include "device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "crypto.h"

static const char *const auth_names[AUTHS] = {
	[AUTH_SAS] = "sas",
	[AUTH_SELF_SIGNED] = "selfSigned",
	[AUTH_CA] = "certificateAuthority",
	[AUTH_NONE] = "none",
};

const char *auth_name(enum auth auth)
{
	return auth_names[auth];
}

void device_free(struct device *device)
{
	free(device->twin.tags);
	free(device->twin.desired);
	free(device->twin.reported);
	free(device->twin.desired_meta);
	free(device->twin.reported_meta);
	explicit_bzero(device, sizeof(*device));
}

/* The identity registry's "Device identity properties": ASCII letters, digits and these.
 */
bool device_id_valid(const char *id)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-.+%_#*?!(),:=@$'";
	size_t len = strlen(id);

	return len > 0 && len <= ID_MAX && strspn(id, allowed) == len;
}

/* -- etags --------------------------------------------------------------------------- */

bool device_touch(struct device *device)
{
	uint32_t before = device->etag;

	do {
		if (!crypto_random(&device->etag, sizeof(device->etag)))
			return false;
	} while (device->etag == before);
	return true;
}

/* The real hub's etags are base64 too: of a number in digits here, of 8 bytes in twins.
 */
void device_etag(const struct device *device, char to[ETAG_TEXT])
{
	char digits[16];
	int len = snprintf(digits, sizeof(digits), "%09" PRIu32, device->etag);

	base64_encode(to, (const uint8_t *)digits, (size_t)len);
}

void twin_etag(const struct twin *twin, char to[ETAG_TEXT])
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)twin->version >> (56 - 8 * i));
	base64_encode(to, bytes, sizeof(bytes));
}

bool etag_matches(const char *if_match, const char *etag)
{
	size_t len;

	if_match += strspn(if_match, " ");
	if (strncmp(if_match, "W/", 2) == 0)
		if_match += 2;
	len = strcspn(if_match, " ");
	if (len >= 2 && if_match[0] == '"' && if_match[len - 1] == '"') {
		if_match++;
		len -= 2;
	}
	return (len == 1 && *if_match == '*') ||
	       (len == strlen(etag) && strncmp(if_match, etag, len) == 0);
}

/* -- new ----------------------------------------------------------------------------- */

bool device_init(struct device *device, const char *id, const char *module,
		 int64_t now_ms)
{
	uint32_t tail;

	*device = (struct device){ .enabled = true,
				   .status_ms = TIME_NONE,
				   .connection_ms = TIME_NONE,
				   .active_ms = TIME_NONE };
	snprintf(device->id, sizeof(device->id), "%s", id);
	snprintf(device->module, sizeof(device->module), "%s", module);
	device->twin.version = 1;
	device->twin.desired_version = 1;
	device->twin.reported_version = 1;
	if (!crypto_random(&tail, sizeof(tail)) || !device_touch(device))
		return false;
	/* 18 digits, ticks of 100 ns since the year 1 in the real hub */
	snprintf(device->generation, sizeof(device->generation), "%014" PRId64 "%04u",
		 now_ms + INT64_C(62135596800000), (unsigned)(tail % 10000));
	return true;
}

/* -- what a client wants it to be ---------------------------------------------------- */

static bool has_text(const char *text)
{
	return text && *text;
}

static bool copy_text(char *to, size_t room, const char *from)
{
	return !from || snprintf(to, room, "%s", from) < (int)room;
}

/* Keys of 16 to 64 bytes; an empty one is made by the hub. */
static const char *apply_key(char to[SECRET_MAX + 1], const char *key)
{
	uint8_t raw[64];
	int len;

	if (!has_text(key))
		return crypto_new_key(to) ? NULL : "There is no randomness for a key.";
	len = base64_decode(raw, sizeof(raw), key, strlen(key));
	explicit_bzero(raw, sizeof(raw));
	if (len < 16)
		return "A symmetric key is the base64 of 16 to 64 bytes.";
	copy_text(to, SECRET_MAX + 1, key);
	return NULL;
}

static const char *apply_keys(struct device *device, const struct json *keys)
{
	const char *wrong = apply_key(device->primary, json_get_text(keys, "primaryKey"));

	return wrong ? wrong
		     : apply_key(device->secondary, json_get_text(keys, "secondaryKey"));
}

static bool thumbprint_valid(const char *text)
{
	size_t len = strlen(text);

	return (len == 40 || len == 64) && strspn(text, "0123456789abcdefABCDEF") == len;
}

static const char *apply_thumbprints(struct device *device, const struct json *prints)
{
	const char *primary = json_get_text(prints, "primaryThumbprint");
	const char *secondary = json_get_text(prints, "secondaryThumbprint");

	if (!has_text(primary) && !has_text(secondary))
		return "A selfSigned device has at least one thumbprint.";
	if ((has_text(primary) && !thumbprint_valid(primary)) ||
	    (has_text(secondary) && !thumbprint_valid(secondary)))
		return "A thumbprint is 40 or 64 hex digits.";
	copy_text(device->primary, sizeof(device->primary), primary);
	copy_text(device->secondary, sizeof(device->secondary), secondary);
	return NULL;
}

/* Older clients leave the type out. */
static enum auth guess_auth(const struct json *body)
{
	const struct json *prints = json_get(body, "x509Thumbprint");

	return has_text(json_get_text(prints, "primaryThumbprint")) ||
			       has_text(json_get_text(prints, "secondaryThumbprint"))
		       ? AUTH_SELF_SIGNED
		       : AUTH_SAS;
}

static const char *apply_auth(struct device *device, const struct json *body)
{
	const char *type = json_get_text(body, "type");
	int auth = guess_auth(body);

	if (type)
		for (auth = 0; auth < AUTHS; auth++)
			if (strcasecmp(auth_names[auth], type) == 0)
				break;
	if (auth == AUTHS)
		return "authentication.type is sas, selfSigned, certificateAuthority or "
		       "none.";
	device->auth = (enum auth)auth;
	device->primary[0] = device->secondary[0] = '\0';
	if (auth == AUTH_SAS)
		return apply_keys(device, json_get(body, "symmetricKey"));
	if (auth == AUTH_SELF_SIGNED)
		return apply_thumbprints(device, json_get(body, "x509Thumbprint"));
	return NULL;
}

static const char *apply_status(struct device *device, const struct json *body,
				int64_t now_ms)
{
	const char *status = json_get_text(body, "status");
	const char *reason = json_get_text(body, "statusReason");
	bool enabled = !status || strcasecmp(status, "enabled") == 0;

	if (!enabled && strcasecmp(status, "disabled") != 0)
		return "status is enabled or disabled.";
	device->reason[0] = '\0';
	if (!copy_text(device->reason, sizeof(device->reason), reason))
		return "statusReason is at most 128 characters.";
	if (enabled != device->enabled)
		device->status_ms = now_ms;
	device->enabled = enabled;
	return NULL;
}

const char *device_apply(struct device *device, const struct json *body, int64_t now_ms)
{
	const struct json *edge = json_get(json_get(body, "capabilities"), "iotEdge");
	const char *scope = json_get_text(body, "deviceScope");
	const char *wrong = apply_auth(device, json_get(body, "authentication"));

	if (!wrong)
		wrong = apply_status(device, body, now_ms);
	if (!wrong && !copy_text(device->scope, sizeof(device->scope), scope))
		wrong = "deviceScope is too long.";
	if (!wrong && !copy_text(device->managed_by, sizeof(device->managed_by),
				 json_get_text(body, "managedBy")))
		wrong = "managedBy is at most 128 characters.";
	device->edge = json_is_true(edge);
	if (!wrong && !device_touch(device))
		wrong = "There is no randomness for an etag.";
	return wrong;
}

/* -- what it looks like -------------------------------------------------------------- */

static const char *text_or_null(const char *text)
{
	return *text ? text : NULL;
}

static void add_auth(struct json *to, const struct device *device)
{
	struct json *auth = json_add_object(to, "authentication");
	struct json *keys = json_add_object(auth, "symmetricKey");
	struct json *prints = json_add_object(auth, "x509Thumbprint");
	bool sas = device->auth == AUTH_SAS;
	bool signed_self = device->auth == AUTH_SELF_SIGNED;
	const char *primary = text_or_null(device->primary);
	const char *secondary = text_or_null(device->secondary);

	json_add_text(keys, "primaryKey", sas ? primary : NULL);
	json_add_text(keys, "secondaryKey", sas ? secondary : NULL);
	json_add_text(prints, "primaryThumbprint", signed_self ? primary : NULL);
	json_add_text(prints, "secondaryThumbprint", signed_self ? secondary : NULL);
	json_add_text(auth, "type", auth_names[device->auth]);
}

/* Unlike a twin's, without a zone. */
static void add_time(struct json *to, const char *name, int64_t unix_ms)
{
	char when[TIME_TEXT] = "0001-01-01T00:00:00";

	if (unix_ms != TIME_NONE)
		clock_iso(when, unix_ms);
	json_add_text(to, name, when);
}

static void add_status(struct json *to, const struct device *device)
{
	json_add_text(to, "status", device->enabled ? "enabled" : "disabled");
	json_add_text(to, "statusReason", text_or_null(device->reason));
	add_time(to, "statusUpdatedTime", device->status_ms);
}

const char *device_connection(const struct device *device)
{
	return device->connected ? "Connected" : "Disconnected";
}

struct json *device_json(const struct device *device)
{
	struct json *json = json_new_object();
	char etag[ETAG_TEXT];

	device_etag(device, etag);
	json_add_text(json, "deviceId", device->id);
	if (*device->module) {
		json_add_text(json, "moduleId", device->module);
		json_add_text(json, "managedBy", text_or_null(device->managed_by));
	}
	json_add_text(json, "generationId", device->generation);
	json_add_text(json, "etag", etag);
	json_add_text(json, "connectionState", device_connection(device));
	if (!*device->module)
		add_status(json, device);
	add_time(json, "connectionStateUpdatedTime", device->connection_ms);
	add_time(json, "lastActivityTime", device->active_ms);
	json_add_number(json, "cloudToDeviceMessageCount", (double)device->c2d_count);
	add_auth(json, device);
	if (*device->module)
		return json;
	json_add_bool(json_add_object(json, "capabilities"), "iotEdge", device->edge);
	if (*device->scope)
		json_add_text(json, "deviceScope", device->scope);
	return json;
}
