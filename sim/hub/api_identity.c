#include "api.h"

#include <stdio.h>
#include <string.h>

#include "news.h"

#define MODULES_MAX 50   /* of a device */
#define LIST_MAX    1000 /* of GET /devices */

static void answer_identity(struct call *call, const struct device *device)
{
	char etag[ETAG_TEXT];

	device_etag(device, etag);
	answer_json(call, 200, device_json(device));
	answer_etag(call, etag);
}

void api_get_identity(struct call *call)
{
	struct device device;

	if (!call_find(call, &device))
		return;
	answer_identity(call, &device);
	device_free(&device);
}

/* -- PUT ----------------------------------------------------------------------------- */

static bool same_id(struct call *call, const char *key, const char *id)
{
	const char *said = json_get_text(call->body, key);

	if (said && strcmp(said, id) == 0)
		return true;
	refuse(call, ERROR_ARGUMENT, "%s of the body is not that of the path.", key);
	return false;
}

static bool check_ids(struct call *call)
{
	if (json_kind(call->body) != JSON_OBJECT) {
		refuse(call, ERROR_FORMAT, "The body is not a JSON object.");
		return false;
	}
	if (!device_id_valid(call->device) ||
	    (*call->module && !device_id_valid(call->module))) {
		refuse(call, ERROR_ARGUMENT,
		       "An id has 1 to 128 letters, digits and - . + %% _ # * ? ! ( ) , "
		       ": "
		       "= @ $ '");
		return false;
	}
	return same_id(call, "deviceId", call->device) &&
	       (!*call->module || same_id(call, "moduleId", call->module));
}

/* May there be one more? */
static bool check_room(struct call *call)
{
	struct store *store = call->hub->store;
	struct device device;
	int64_t count;
	int rc;

	if (!*call->module && store_devices(store) >= DEVICES_MAX)
		refuse(call, ERROR_QUOTA, "A hub has at most 1000000 devices.");
	if (!*call->module)
		return store_devices(store) < DEVICES_MAX;
	rc = store_get(store, call->device, "", &device);
	device_free(&device);
	if (rc == 0)
		refuse(call, ERROR_NO_DEVICE, "Device '%s' is not registered.",
		       call->device);
	if (rc != 1)
		return false;
	rc = store_count_modules(store, call->device, &count);
	if (rc == 1 && count >= MODULES_MAX)
		refuse(call, ERROR_QUOTA, "A device has at most 50 modules.");
	return rc == 1 && count < MODULES_MAX;
}

static void create(struct call *call)
{
	struct device device = { 0 };
	const char *wrong;
	int rc;

	if (!check_room(call))
		return;
	if (!device_init(&device, call->device, call->module, call->now_ms)) {
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	wrong = device_apply(&device, call->body, call->now_ms);
	if (wrong) {
		refuse(call, ERROR_ARGUMENT, "%s", wrong);
	} else {
		rc = store_insert(call->hub->store, &device);
		if (rc < 0)
			refuse(call, ERROR_SERVER, NULL);
		else
			answer_identity(call, &device);
	}
	device_free(&device);
}

static void update(struct call *call, struct device *device)
{
	char etag[ETAG_TEXT];
	const char *wrong;

	device_etag(device, etag);
	if (!call_if_match(call, etag))
		return;
	wrong = device_apply(device, call->body, call->now_ms);
	if (wrong) {
		refuse(call, ERROR_ARGUMENT, "%s", wrong);
	} else if (store_update(call->hub->store, device) < 0) {
		refuse(call, ERROR_SERVER, NULL);
	} else {
		news_tell(call->hub, device->id, device->module, NULL, TWIN_PATCH,
			  device->twin.desired_version);
		device->connected = device->connected && device->enabled;
		answer_identity(call, device);
	}
}

/* Without If-Match it makes one, with it changes one. */
void api_put_identity(struct call *call)
{
	bool must_be_there = request_header(call->request, "If-Match") != NULL;
	struct device device = { 0 };
	int rc;

	if (!check_ids(call))
		return;
	if (must_be_there) {
		if (call_find(call, &device))
			update(call, &device);
		device_free(&device);
		return;
	}
	rc = store_get(call->hub->store, call->device, call->module, &device);
	device_free(&device);
	if (rc == 0)
		create(call);
	else if (rc < 0)
		refuse(call, ERROR_SERVER, NULL);
	else if (*call->module)
		refuse(call, ERROR_MODULE_EXISTS,
		       "A module with ID '%s' on device '%s' is already registered.",
		       call->module, call->device);
	else
		refuse(call, ERROR_DEVICE_EXISTS,
		       "A device with ID '%s' is already registered.", call->device);
}

void api_delete_identity(struct call *call)
{
	struct device device;
	char etag[ETAG_TEXT];

	if (!call_find(call, &device))
		return;
	device_etag(&device, etag);
	device_free(&device);
	if (!call_if_match(call, etag))
		return;
	if (store_delete(call->hub->store, call->device, call->module) < 0)
		refuse(call, ERROR_SERVER, NULL);
	else
		answer_nothing(call, 204);
	news_tell(call->hub, call->device, call->module, NULL, TWIN_PATCH, 0);
}

/* -- lists --------------------------------------------------------------------------- */

struct list {
	struct json *array;
	size_t room;
};

static bool take(void *to, struct device *device)
{
	struct list *list = to;

	json_push(list->array, device_json(device));
	return --list->room > 0;
}

static void answer_list(struct call *call, const char *id, size_t room)
{
	struct list list = { json_new_array(), room };

	if (store_each(call->hub->store, 0, id, take, &list) < 0) {
		json_free(list.array);
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	answer_json(call, 200, list.array);
}

void api_list_devices(struct call *call)
{
	unsigned long long top = LIST_MAX;
	size_t len;
	const char *said = query_value(call->query, "top", &len);

	if (said && (!parse_whole(said, len, LIST_MAX, &top) || top == 0)) {
		refuse(call, ERROR_ARGUMENT, "top is a number from 1 to 1000.");
		return;
	}
	answer_list(call, NULL, (size_t)top);
}

void api_list_modules(struct call *call)
{
	struct device device;

	if (!call_find(call, &device))
		return;
	device_free(&device);
	answer_list(call, call->device, MODULES_MAX);
}

/* -- statistics ---------------------------------------------------------------------- */

void api_device_statistics(struct call *call)
{
	int64_t all, enabled;
	struct json *json;

	if (store_count(call->hub->store, &all, &enabled) < 0) {
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	json = json_new_object();
	json_add_number(json, "totalDeviceCount", (double)all);
	json_add_number(json, "enabledDeviceCount", (double)enabled);
	json_add_number(json, "disabledDeviceCount", (double)(all - enabled));
	answer_json(call, 200, json);
}

void api_service_statistics(struct call *call)
{
	struct json *json = json_new_object();

	json_add_number(json, "connectedDeviceCount",
			(double)call->hub->presences.devices);
	answer_json(call, 200, json);
}
