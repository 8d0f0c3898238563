/* POST /devices, and the keys of many devices. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "crypto.h"
#include "news.h"

#define BULK_MAX 100

/* One of the objects of the array. */
struct item {
	struct call *call;
	const struct json *json;
	const char *id;
	const char *module;
	struct device device;
	bool found;
	int64_t desired_version; /* before */
	char why[200];
};

static enum error item_create(struct item *item);
static enum error item_update(struct item *item);
static enum error item_create_or_update(struct item *item);
static enum error item_delete(struct item *item);
static enum error item_update_twin(struct item *item);

static const struct mode {
	const char *name; /* compared without regard to case: SDKs differ */
	enum error (*run)(struct item *item);
	bool if_match;
	bool must_be_there;
} modes[] = {
	{ "create", item_create, false, false },
	{ "createOrUpdate", item_create_or_update, false, false },
	{ "createOrUpdateIfMatchETag", item_create_or_update, true, false },
	{ "update", item_update, false, true },
	{ "updateIfMatchETag", item_update, true, true },
	{ "delete", item_delete, false, true },
	{ "deleteIfMatchETag", item_delete, true, true },
	{ "updateTwin", item_update_twin, false, true },
	{ "updateTwinIfMatchETag", item_update_twin, true, true },
};

#define MODES (sizeof(modes) / sizeof(modes[0]))

static enum error fail(struct item *item, enum error error, const char *why)
{
	snprintf(item->why, sizeof(item->why), "%s", why ? why : error_kind(error)->text);
	return error;
}

static enum error stored(struct item *item, int rc)
{
	return rc < 0 ? fail(item, ERROR_SERVER, NULL) : ERROR_NONE;
}

/* Tags and desired properties may come along with an identity. */
static const char *apply_all(struct item *item)
{
	const char *wrong = device_apply(&item->device, item->json, item->call->now_ms);

	if (!wrong &&
	    (json_get(item->json, "tags") || json_get(item->json, "properties")))
		wrong = twin_apply(&item->device.twin, item->json, TWIN_PATCH,
				   item->call->now_ms);
	return wrong;
}

static enum error item_create(struct item *item)
{
	const char *wrong;

	if (item->found)
		return fail(item,
			    *item->module ? ERROR_MODULE_EXISTS : ERROR_DEVICE_EXISTS,
			    NULL);
	if (!*item->module && store_devices(item->call->hub->store) >= DEVICES_MAX)
		return fail(item, ERROR_QUOTA, "A hub has at most 1000000 devices.");
	if (!device_init(&item->device, item->id, item->module, item->call->now_ms))
		return fail(item, ERROR_SERVER, NULL);
	wrong = apply_all(item);
	if (wrong)
		return fail(item, ERROR_ARGUMENT, wrong);
	return stored(item, store_insert(item->call->hub->store, &item->device));
}

static enum error item_update(struct item *item)
{
	const char *wrong = apply_all(item);

	if (wrong)
		return fail(item, ERROR_ARGUMENT, wrong);
	return stored(item, store_update(item->call->hub->store, &item->device));
}

static enum error item_create_or_update(struct item *item)
{
	return item->found ? item_update(item) : item_create(item);
}

static enum error item_delete(struct item *item)
{
	return stored(item, store_delete(item->call->hub->store, item->id, item->module));
}

static enum error item_update_twin(struct item *item)
{
	const char *wrong = twin_apply(&item->device.twin, item->json, TWIN_PATCH,
				       item->call->now_ms);

	if (wrong)
		return fail(item, ERROR_ARGUMENT, wrong);
	return stored(item, store_update(item->call->hub->store, &item->device));
}

/* -- each ---------------------------------------------------------------------------- */

static const struct mode *find_mode(const char *name)
{
	for (size_t i = 0; i < MODES; i++)
		if (strcasecmp(modes[i].name, name ? name : "createOrUpdate") == 0)
			return &modes[i];
	return NULL;
}

static bool etag_fits(const struct item *item, const struct mode *mode)
{
	bool of_twin = mode->run == item_update_twin;
	const char *said = json_get_text(item->json, "eTag");
	char etag[ETAG_TEXT];

	if (!said)
		said = json_get_text(item->json, "etag");
	if (of_twin)
		twin_etag(&item->device.twin, etag);
	else
		device_etag(&item->device, etag);
	return said && etag_matches(said, etag);
}

static enum error find_item(struct item *item)
{
	struct store *store = item->call->hub->store;
	int rc;

	if (!item->id || !device_id_valid(item->id) ||
	    (*item->module && !device_id_valid(item->module)))
		return fail(item, ERROR_ARGUMENT, "The id is missing or not valid.");
	if (*item->module) {
		rc = store_get(store, item->id, "", &item->device);
		device_free(&item->device);
		if (rc == 0)
			return fail(item, ERROR_NO_DEVICE, NULL);
	}
	rc = store_get(store, item->id, item->module, &item->device);
	item->found = rc == 1;
	item->desired_version = item->device.twin.desired_version;
	return stored(item, rc);
}

static enum error run_item(struct item *item)
{
	const struct mode *mode = find_mode(json_get_text(item->json, "importMode"));
	enum error error;

	if (!mode)
		return fail(item, ERROR_ARGUMENT, "The importMode is not known.");
	error = find_item(item);
	if (error)
		return error;
	if (mode->must_be_there && !item->found)
		return fail(item, *item->module ? ERROR_NO_MODULE : ERROR_NO_DEVICE,
			    NULL);
	if (mode->if_match && item->found && !etag_fits(item, mode))
		return fail(item, ERROR_PRECONDITION, NULL);
	return mode->run(item);
}

static void push_error(struct json *errors, const struct item *item, enum error error)
{
	struct json *json = json_new_object();

	json_add_text(json, "deviceId", item->id);
	json_add_text(json, "errorCode", error_kind(error)->name);
	json_add_text(json, "errorStatus", item->why);
	json_add_text(json, "moduleId", *item->module ? item->module : NULL);
	json_add_text(json, "operation", json_get_text(item->json, "importMode"));
	json_push(errors, json);
}

static const char *text_of(const struct json *json, const char *key, const char *other)
{
	const char *text = json_get_text(json, key);

	return text ? text : other;
}

static bool same(const struct json *a, const struct json *b)
{
	return strcmp(text_of(a, "id", ""), text_of(b, "id", "")) == 0 &&
	       strcmp(text_of(a, "moduleId", ""), text_of(b, "moduleId", "")) == 0;
}

static bool named_twice(const struct json *array)
{
	for (const struct json *a = json_first(array); a; a = json_next(a))
		for (const struct json *b = json_next(a); b; b = json_next(b))
			if (same(a, b))
				return true;
	return false;
}

static void answer_errors(struct call *call, struct json *errors)
{
	size_t count = json_count(errors);
	struct json *json = json_new_object();

	json_add_bool(json, "isSuccessful", count == 0);
	json_add(json, "errors", errors);
	json_add(json, "warnings", json_new_array());
	answer_json(call, count == 0 ? 200 : 400, json);
	if (count > 0) {
		call->refused = ERROR_BULK;
		snprintf(call->why, sizeof(call->why), "%zu operations failed", count);
		answer_header(call->answer, "iothub-errorcode",
			      error_kind(ERROR_BULK)->name);
	}
}

static bool check_array(struct call *call)
{
	size_t count = json_count(call->body);

	if (json_kind(call->body) != JSON_ARRAY || count == 0)
		refuse(call, ERROR_FORMAT, "The body is an array of 1 to 100 devices.");
	else if (count > BULK_MAX)
		refuse(call, ERROR_TOO_MANY_DEVICES, NULL);
	else if (named_twice(call->body))
		refuse(call, ERROR_DEFINED_TWICE, NULL);
	else
		return true;
	return false;
}

/* An operation that was done, and who may have to hear of it. */
struct done {
	const struct json *json; /* NULL: it failed */
	int64_t desired_version; /* before */
};

static void run_all(struct call *call, struct done done[BULK_MAX], struct json *errors)
{
	size_t i = 0;

	for (struct json *m = json_first(call->body); m; m = json_next(m), i++) {
		struct item item = { .call = call, .json = m };
		enum error error;

		item.id = json_get_text(m, "id");
		item.module = text_of(m, "moduleId", "");
		error = run_item(&item);
		if (error)
			push_error(errors, &item, error);
		else
			done[i] = (struct done){ m, item.desired_version };
		device_free(&item.device);
	}
}

static void tell_all(struct hub *hub, const struct done done[BULK_MAX])
{
	for (size_t i = 0; i < BULK_MAX; i++)
		if (done[i].json)
			news_tell(hub, text_of(done[i].json, "id", ""),
				  text_of(done[i].json, "moduleId", ""), done[i].json,
				  TWIN_PATCH, done[i].desired_version);
}

/* One that fails leaves the others alone; all are written in one piece. */
void api_bulk(struct call *call)
{
	struct done done[BULK_MAX] = { 0 };
	struct json *errors;

	if (!check_array(call))
		return;
	if (store_begin(call->hub->store) < 0) {
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	errors = json_new_array();
	run_all(call, done, errors);
	if (store_commit(call->hub->store) < 0) {
		store_rollback(call->hub->store);
		json_free(errors);
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	tell_all(call->hub, done);
	answer_errors(call, errors);
}

/* -- keys ---------------------------------------------------------------------------- */

static enum error regenerate(struct item *item, bool primary, bool secondary)
{
	struct device *device = &item->device;
	enum error error = find_item(item);

	if (error)
		return error;
	if (!item->found)
		return fail(item, *item->module ? ERROR_NO_MODULE : ERROR_NO_DEVICE,
			    NULL);
	if (device->auth != AUTH_SAS)
		return fail(item, ERROR_ARGUMENT, "The device has no symmetric keys.");
	if ((primary && !crypto_new_key(device->primary)) ||
	    (secondary && !crypto_new_key(device->secondary)) || !device_touch(device))
		return fail(item, ERROR_SERVER, NULL);
	return stored(item, store_update(item->call->hub->store, device));
}

static void regenerate_all(struct call *call, bool primary, bool secondary)
{
	struct json *errors = json_new_array();
	const struct json *devices = json_get(call->body, "devices");

	for (struct json *m = json_first(devices); m; m = json_next(m)) {
		struct item item = { .call = call, .json = m };
		enum error error;

		item.id = json_get_text(m, "id");
		item.module = text_of(m, "moduleId", "");
		error = regenerate(&item, primary, secondary);
		if (error)
			push_error(errors, &item, error);
		device_free(&item.device);
	}
	answer_errors(call, errors);
}

void api_regenerate_keys(struct call *call)
{
	const char *which = text_of(call->body, "policyKey", "");
	const struct json *devices = json_get(call->body, "devices");
	bool both = strcasecmp(which, "both") == 0;
	bool primary = both || strcasecmp(which, "primaryKey") == 0;
	bool secondary = both || strcasecmp(which, "secondaryKey") == 0;

	if (!primary && !secondary)
		refuse(call, ERROR_ARGUMENT,
		       "policyKey is primaryKey, secondaryKey or both.");
	else if (json_kind(devices) != JSON_ARRAY || json_count(devices) == 0 ||
		 json_count(devices) > BULK_MAX)
		refuse(call, ERROR_ARGUMENT, "devices is an array of 1 to 100 devices.");
	else
		regenerate_all(call, primary, secondary);
}
