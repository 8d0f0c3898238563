#include "json.h"

#include "error.h"
#include "secret.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- reading and writing without traces -----------------------------------------------
 */

/* Strings of a document may be keys. */
static void wipe(cJSON *item)
{
	for (; item; item = item->next) {
		if (item->valuestring)
			explicit_bzero(item->valuestring, strlen(item->valuestring));
		wipe(item->child);
	}
}

static void free_doc(cJSON *doc)
{
	wipe(doc);
	cJSON_Delete(doc);
}

static int no_memory(struct prov_error *err)
{
	return fail(err, PROV_ERR_NOMEM, "no memory for JSON");
}

/* All of the text must be one value. `err` names the offset for our caller's own text. */
static cJSON *parse(const char *text, size_t *at)
{
	const char *end = NULL;
	cJSON *doc = cJSON_ParseWithOpts(text, &end, true);

	*at = end ? (size_t)(end - text) : 0;
	return doc;
}

static cJSON *parse_answer(const char *text, bool (*is)(const cJSON *),
			   struct prov_error *err)
{
	size_t at;
	cJSON *doc = parse(text, &at);

	if (doc && is(doc))
		return doc;
	free_doc(doc);
	fail(err, PROV_ERR_NOHUB, "an answer that is not the JSON expected, at byte %zu",
	     at);
	hint(err, PROV_ERR_NOHUB, "check the HostName: is that an IoT Hub?");
	return NULL;
}

static bool is_object(const cJSON *v)
{
	return cJSON_IsObject(v);
}

static bool is_array(const cJSON *v)
{
	return cJSON_IsArray(v);
}

/* As a secret. cJSON's own printing would leave copies behind as it grows. */
static int print(const cJSON *doc, struct prov_secret **out, struct prov_error *err)
{
	for (size_t room = 1024; room <= PROV_SECRET_MAX; room *= 4) {
		struct prov_secret *s = NULL;
		int rc = secret_make(room, &s, err);

		if (rc < 0)
			return rc;
		if (cJSON_PrintPreallocated((cJSON *)doc, (char *)secret_room(s),
					    (int)room, 0)) {
			secret_trim(s, strlen((char *)secret_room(s)));
			*out = s;
			return 0;
		}
		prov_secret_free(s);
	}
	return fail(err, PROV_ERR_ARG, "more than %d bytes of JSON", PROV_SECRET_MAX);
}

/* Print, free, and return; NULL is no memory. */
static int print_and_free(cJSON *doc, bool complete, struct prov_secret **out,
			  struct prov_error *err)
{
	int rc = doc && complete ? print(doc, out, err) : no_memory(err);

	free_doc(doc);
	return rc;
}

static cJSON *get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *get_text(const cJSON *object, const char *name)
{
	const char *s = cJSON_GetStringValue(get(object, name));

	return s ? s : "";
}

static bool add_text(cJSON *object, const char *name, const char *value)
{
	return cJSON_AddStringToObject(object, name, value);
}

static uint64_t number(const cJSON *v)
{
	return cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble < 9e15
		       ? (uint64_t)v->valuedouble
		       : 0;
}

/* -- a device --------------------------------------------------------------------------
 */

static const char *const auth_names[] = { "sas", "selfSigned", "certificateAuthority",
					  "none" };

const char *prov_auth_name(enum prov_auth auth)
{
	return (size_t)auth < 4 ? auth_names[auth] : NULL;
}

int prov_auth_from_name(const char *name)
{
	for (int i = 0; i < 4; i++)
		if (strcasecmp(name, auth_names[i]) == 0)
			return i;
	return -1;
}

static int read_key(const cJSON *keys, const char *name, struct prov_secret **out,
		    struct prov_error *err)
{
	const char *text = get_text(keys, name);
	struct prov_error inner = { 0 };
	int rc;

	if (!*text)
		return 0;
	rc = prov_secret_from_base64(text, strlen(text), out, &inner);
	if (rc == PROV_ERR_FORMAT)
		return fail(err, PROV_ERR_SERVICE,
			    "the hub shows a %s that is not base64", name);
	if (rc < 0 && err)
		*err = inner;
	return rc;
}

/* Hex digits or nothing; anything else would be a hub's mistake. */
static void read_thumbprint(const cJSON *prints, const char *name, char *to)
{
	const char *text = get_text(prints, name);
	size_t n = strspn(text, "0123456789abcdefABCDEF");

	if (text[n] == '\0' && n <= PROV_THUMBPRINT_MAX)
		memcpy(to, text, n + 1);
}

/* The registry has an object, rows of a query a name beside the thumbprints. */
static int read_auth(const cJSON *doc, struct prov_device *d, struct prov_error *err)
{
	const cJSON *auth = get(doc, "authentication");
	const cJSON *prints = get(auth ? auth : doc, "x509Thumbprint");
	const cJSON *keys = get(auth, "symmetricKey");
	int kind = prov_auth_from_name(auth ? get_text(auth, "type")
					    : get_text(doc, "authenticationType"));
	int rc;

	d->auth = kind < 0 ? PROV_AUTH_NONE : (enum prov_auth)kind;
	read_thumbprint(prints, "primaryThumbprint", d->primary_thumbprint);
	read_thumbprint(prints, "secondaryThumbprint", d->secondary_thumbprint);
	rc = read_key(keys, "primaryKey", &d->primary_key, err);
	return rc < 0 ? rc : read_key(keys, "secondaryKey", &d->secondary_key, err);
}

static void read_texts(const cJSON *doc, struct prov_device *d)
{
	const char *time = get_text(doc, "statusUpdatedTime");

	copy_clean(d->etag, sizeof(d->etag), get_text(doc, "etag"));
	copy_clean(d->generation_id, sizeof(d->generation_id),
		   get_text(doc, "generationId"));
	copy_clean(d->status_reason, sizeof(d->status_reason),
		   get_text(doc, "statusReason"));
	copy_clean(d->connection_time, sizeof(d->connection_time),
		   get_text(doc, "connectionStateUpdatedTime"));
	copy_clean(d->status_time, sizeof(d->status_time),
		   *time ? time : get_text(doc, "statusUpdateTime"));
	copy_clean(d->activity_time, sizeof(d->activity_time),
		   get_text(doc, "lastActivityTime"));
}

static int read_device(const cJSON *doc, struct prov_device *d, struct prov_error *err)
{
	const char *id = get_text(doc, "deviceId");

	if (prov_device_id_check(id, NULL) < 0)
		return fail(err, PROV_ERR_NOHUB, "an answer without a device in it");
	memcpy(d->id, id, strlen(id) + 1);
	read_texts(doc, d);
	d->disabled = strcasecmp(get_text(doc, "status"), "disabled") == 0;
	d->connected = strcasecmp(get_text(doc, "connectionState"), "Connected") == 0;
	d->c2d_pending = number(get(doc, "cloudToDeviceMessageCount"));
	d->edge = cJSON_IsTrue(get(get(doc, "capabilities"), "iotEdge"));
	return read_auth(doc, d, err);
}

int json_read_device(const char *text, struct prov_device *out, struct prov_error *err)
{
	cJSON *doc = parse_answer(text, is_object, err);
	struct prov_device d = { 0 };
	int rc;

	if (!doc)
		return PROV_ERR_NOHUB;
	rc = read_device(doc, &d, err);
	free_doc(doc);
	if (rc < 0)
		prov_device_clear(&d);
	else
		*out = d;
	return rc;
}

/* -- changing one
 * ------------------------------------------------------------------------ */

/* Set a member to a text, and note in *changed when it was another. */
static bool set_text(cJSON *object, const char *name, const char *value, bool *changed)
{
	cJSON *old = get(object, name), *text;

	if (cJSON_IsString(old) && strcmp(old->valuestring, value) == 0)
		return true;
	*changed = true;
	text = cJSON_CreateString(value);
	if (!text)
		return false;
	if (old) {
		if (old->valuestring)
			explicit_bzero(old->valuestring, strlen(old->valuestring));
		return cJSON_ReplaceItemInObjectCaseSensitive(object, name, text);
	}
	return cJSON_AddItemToObject(object, name, text);
}

static bool set_key(cJSON *keys, const char *name, const struct prov_secret *key,
		    bool *changed)
{
	struct prov_secret *text = NULL;
	bool ok;

	if (!key)
		return true;
	if (prov_secret_to_base64(key, &text, NULL) < 0)
		return false;
	ok = set_text(keys, name, prov_secret_text(text), changed);
	prov_secret_free(text);
	return ok;
}

/* "" removes it. */
static bool set_thumbprint(cJSON *prints, const char *name, const char *value,
			   bool *changed)
{
	if (!value)
		return true;
	if (*value)
		return set_text(prints, name, value, changed);
	if (cJSON_IsString(get(prints, name))) {
		*changed = true;
		return cJSON_ReplaceItemInObjectCaseSensitive(prints, name,
							      cJSON_CreateNull());
	}
	return true;
}

static int change_status(cJSON *doc, const struct prov_change *c, bool *changed,
			 struct prov_error *err)
{
	if (c->set_status &&
	    !set_text(doc, "status", c->disabled ? "disabled" : "enabled", changed))
		return no_memory(err);
	if (c->status_reason && !set_text(doc, "statusReason", c->status_reason, changed))
		return no_memory(err);
	return 0;
}

static int change_auth(cJSON *doc, const struct prov_change *c, bool *changed,
		       struct prov_error *err)
{
	cJSON *auth = get(doc, "authentication");
	cJSON *keys = get(auth, "symmetricKey"), *prints = get(auth, "x509Thumbprint");
	int kind = prov_auth_from_name(get_text(auth, "type"));

	if (c->primary_key || c->secondary_key) {
		if (kind != PROV_AUTH_SAS || !cJSON_IsObject(keys))
			return fail(err, PROV_ERR_REFUSED,
				    "this device does not authenticate with keys");
		if (!set_key(keys, "primaryKey", c->primary_key, changed) ||
		    !set_key(keys, "secondaryKey", c->secondary_key, changed))
			return no_memory(err);
	}
	if (c->primary_thumbprint || c->secondary_thumbprint) {
		if (kind != PROV_AUTH_SELFSIGNED || !cJSON_IsObject(prints))
			return fail(err, PROV_ERR_REFUSED,
				    "this device does not authenticate with thumbprints");
		if (!set_thumbprint(prints, "primaryThumbprint", c->primary_thumbprint,
				    changed) ||
		    !set_thumbprint(prints, "secondaryThumbprint",
				    c->secondary_thumbprint, changed))
			return no_memory(err);
	}
	return 0;
}

/* An update without keys would make the service lose the ones it has. */
static int check_keys(const cJSON *doc, struct prov_error *err)
{
	const cJSON *auth = get(doc, "authentication"), *keys = get(auth, "symmetricKey");

	if (prov_auth_from_name(get_text(auth, "type")) != PROV_AUTH_SAS)
		return 0;
	if (*get_text(keys, "primaryKey") && *get_text(keys, "secondaryKey"))
		return 0;
	fail(err, PROV_ERR_RIGHT, "the hub does not show this device's keys");
	return hint(err, PROV_ERR_RIGHT,
		    "an update without them would lose them: use a policy with "
		    "RegistryRead and "
		    "RegistryWrite");
}

int json_change_device(const char *text, const struct prov_change *change, bool *same,
		       struct prov_secret **out, struct prov_error *err)
{
	cJSON *doc = parse_answer(text, is_object, err);
	bool changed = false;
	int rc;

	if (!doc)
		return PROV_ERR_NOHUB;
	rc = change_status(doc, change, &changed, err);
	if (rc == 0)
		rc = change_auth(doc, change, &changed, err);
	*same = !changed;
	if (rc == 0 && changed)
		rc = check_keys(doc, err);
	if (rc == 0 && changed)
		rc = print(doc, out, err);
	free_doc(doc);
	return rc;
}

/* -- in bulk
 * ----------------------------------------------------------------------------- */

/* Codes come as names or as numbers. */
static void code_of(const cJSON *v, char *to, size_t bytes)
{
	char *text;

	to[0] = '\0';
	if (cJSON_IsString(v))
		copy_clean(to, bytes, v->valuestring);
	if (!cJSON_IsNumber(v))
		return;
	text = cJSON_PrintUnformatted(v);
	if (text)
		copy_clean(to, bytes, text);
	free(text);
}

int json_read_bulk(const char *text, json_complaint *complaint, void *ctx,
		   struct prov_error *err)
{
	cJSON *doc = parse_answer(text, is_object, err);
	const cJSON *item;
	char code[64];

	if (!doc)
		return PROV_ERR_NOHUB;
	if (!cJSON_IsArray(get(doc, "errors")) &&
	    !cJSON_IsTrue(get(doc, "isSuccessful"))) {
		free_doc(doc);
		return fail(err, PROV_ERR_NOHUB,
			    "an answer that is none to a bulk request");
	}
	cJSON_ArrayForEach(item, get(doc, "errors"))
	{
		code_of(get(item, "errorCode"), code, sizeof(code));
		complaint(ctx, get_text(item, "deviceId"), code,
			  get_text(item, "errorStatus"));
	}
	free_doc(doc);
	return 0;
}

/* -- failures
 * ---------------------------------------------------------------------------- */

/* "ErrorCode:DeviceNotFound;There is no such device" */
static void split_message(const char *text, struct json_failure *out)
{
	static const char lead[] = "ErrorCode:";
	size_t n;

	if (strncmp(text, lead, strlen(lead)) != 0) {
		copy_clean(out->text, sizeof(out->text), text);
		return;
	}
	text += strlen(lead);
	n = strcspn(text, ";");
	if (n < sizeof(out->code)) {
		copy_clean(out->code, n + 1, text);
		out->code[n] = '\0';
	}
	copy_clean(out->text, sizeof(out->text), text + n + (text[n] == ';'));
}

static void read_tracking(const char *text, struct json_failure *out)
{
	static const char lead[] = "Tracking ID:";
	const char *id = strstr(text, lead);

	if (id)
		copy_clean(out->tracking, sizeof(out->tracking), id + strlen(lead));
}

/* {"errorCode":401002,"trackingId":"...","message":"..."} */
static void read_inner(const cJSON *doc, struct json_failure *out)
{
	const char *tracking = get_text(doc, "trackingId");

	code_of(get(doc, "errorCode"), out->code, sizeof(out->code));
	copy_clean(out->text, sizeof(out->text), get_text(doc, "message"));
	if (*tracking)
		copy_clean(out->tracking, sizeof(out->tracking), tracking);
}

bool json_read_failure(const char *text, struct json_failure *out)
{
	size_t at;
	cJSON *doc = parse(text, &at), *inner = NULL;
	const char *message = get_text(doc, "Message");
	bool known = cJSON_IsObject(doc) && (*message || get(doc, "errorCode"));

	memset(out, 0, sizeof(*out));
	if (known) {
		read_tracking(get_text(doc, "ExceptionMessage"), out);
		inner = *message == '{' ? parse(message, &at) : NULL;
		if (inner)
			read_inner(inner, out);
		else if (*message)
			split_message(message, out);
		else
			read_inner(doc, out);
	}
	free_doc(inner);
	free_doc(doc);
	return known;
}

/* -- queries, methods, counts
 * -------------------------------------------------------------- */

int json_make_query(const char *query, struct prov_secret **out, struct prov_error *err)
{
	cJSON *doc = cJSON_CreateObject();

	return print_and_free(doc, doc && add_text(doc, "query", query), out, err);
}

int json_read_rows(const char *text, prov_each_row *each, void *ctx,
		   struct prov_error *err)
{
	cJSON *doc = parse_answer(text, is_array, err);
	const cJSON *item;
	int rc = 0;

	if (!doc)
		return PROV_ERR_NOHUB;
	cJSON_ArrayForEach(item, doc)
	{
		char *row = cJSON_PrintUnformatted(item);

		rc = row ? each(ctx, row) : no_memory(err);
		free(row);
		if (rc != 0)
			break;
	}
	free_doc(doc);
	return rc;
}

int json_make_method(const struct prov_method *method, struct prov_secret **out,
		     struct prov_error *err)
{
	cJSON *doc = cJSON_CreateObject();
	size_t at = 0;
	cJSON *payload = parse(method->payload ? method->payload : "null", &at);
	bool ok = doc && add_text(doc, "methodName", method->name) &&
		  cJSON_AddNumberToObject(doc, "responseTimeoutInSeconds",
					  method->response_s ? method->response_s : 30) &&
		  cJSON_AddNumberToObject(doc, "connectTimeoutInSeconds",
					  method->connect_s);

	if (!payload) {
		free_doc(doc);
		return fail_at(err, at, "the payload is not JSON at byte %zu", at);
	}
	if (!ok || !cJSON_AddItemToObject(doc, "payload", payload)) {
		free_doc(payload);
		ok = false;
	}
	return print_and_free(doc, ok, out, err);
}

int json_read_method(const char *text, int *status, char **payload,
		     struct prov_error *err)
{
	cJSON *doc = parse_answer(text, is_object, err);
	const cJSON *value = get(doc, "status");
	int rc = 0;

	if (!doc)
		return PROV_ERR_NOHUB;
	if (!cJSON_IsNumber(value))
		rc = fail(err, PROV_ERR_NOHUB, "an answer that is none to a method");
	else if (status)
		*status = value->valueint;
	if (rc == 0 && payload) {
		value = get(doc, "payload");
		*payload = value ? cJSON_PrintUnformatted(value) : strdup("null");
		if (!*payload)
			rc = no_memory(err);
	}
	free_doc(doc);
	return rc;
}

int json_read_count(const char *text, const char *name, uint64_t *out,
		    struct prov_error *err)
{
	cJSON *doc = parse_answer(text, is_object, err);
	const cJSON *value = get(doc, name);
	int rc = 0;

	if (!doc)
		return PROV_ERR_NOHUB;
	if (cJSON_IsNumber(value))
		*out = number(value);
	else
		rc = fail(err, PROV_ERR_NOHUB, "an answer without %s", name);
	free_doc(doc);
	return rc;
}

int json_check_object(const char *text, struct prov_error *err)
{
	size_t at;
	cJSON *doc = parse(text, &at);
	bool object = cJSON_IsObject(doc), any = doc;

	free_doc(doc);
	if (object)
		return 0;
	if (any)
		return fail_at(err, 0, "the JSON is not an object");
	return fail_at(err, at, "not JSON at byte %zu", at);
}
