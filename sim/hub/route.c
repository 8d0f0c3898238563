#include "route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api.h"
#include "dps/routes.h"
#include "method.h"
#include "sending.h"

#define READ    RIGHT_REGISTRY_READ
#define WRITE   RIGHT_REGISTRY_WRITE
#define SERVICE RIGHT_SERVICE_CONNECT
#define DEVICE  RIGHT_DEVICE_CONNECT

/* clang-format off */
static const struct route routes[] = {
	{ "GET",    "/devices",                         READ,    THROTTLE_REGISTRY,    false, api_list_devices },
	{ "POST",   "/devices",                         WRITE,   THROTTLE_REGISTRY,    true,  api_bulk },
	{ "POST",   "/devices/query",                   SERVICE, THROTTLE_QUERY,       true,  api_query },
	{ "POST",   "/devices/keys/regenerate",         WRITE,   THROTTLE_REGISTRY,    true,  api_regenerate_keys },
	{ "GET",    "/devices/{d}",                     READ,    THROTTLE_REGISTRY,    false, api_get_identity },
	{ "PUT",    "/devices/{d}",                     WRITE,   THROTTLE_REGISTRY,    true,  api_put_identity },
	{ "DELETE", "/devices/{d}",                     WRITE,   THROTTLE_REGISTRY,    false, api_delete_identity },
	{ "DELETE", "/devices/{d}/commands",            SERVICE, THROTTLE_NONE,        false, api_purge_commands },
	{ "GET",    "/devices/{d}/modules",             READ,    THROTTLE_REGISTRY,    false, api_list_modules },
	{ "GET",    "/devices/{d}/modules/{m}",         READ,    THROTTLE_REGISTRY,    false, api_get_identity },
	{ "PUT",    "/devices/{d}/modules/{m}",         WRITE,   THROTTLE_REGISTRY,    true,  api_put_identity },
	{ "DELETE", "/devices/{d}/modules/{m}",         WRITE,   THROTTLE_REGISTRY,    false, api_delete_identity },
	{ "POST",   "/devices/{d}/messages/events",     DEVICE,  THROTTLE_D2C,         false, api_send_events },
	{ "POST",   "/devices/{d}/modules/{m}/messages/events", DEVICE, THROTTLE_D2C,  false, api_send_events },
	{ "GET",    "/devices/{d}/messages/devicebound", DEVICE, THROTTLE_NONE,        false, api_receive_message },
	{ "DELETE", "/devices/{d}/messages/devicebound/*", DEVICE, THROTTLE_NONE,      false, api_complete_message },
	{ "POST",   "/devices/{d}/messages/devicebound/*/abandon", DEVICE, THROTTLE_NONE, false, api_abandon_message },
	{ "POST",   "/devices/{d}/files",               DEVICE,  THROTTLE_NONE,        false, api_not_served },
	{ "GET",    "/statistics/devices",              READ,    THROTTLE_REGISTRY,    false, api_device_statistics },
	{ "GET",    "/statistics/service",              SERVICE, THROTTLE_REGISTRY,    false, api_service_statistics },
	{ "GET",    "/twins/{d}",                       SERVICE, THROTTLE_TWIN_READ,   false, api_get_twin },
	{ "PATCH",  "/twins/{d}",                       SERVICE, THROTTLE_TWIN_UPDATE, true,  api_patch_twin },
	{ "PUT",    "/twins/{d}",                       SERVICE, THROTTLE_TWIN_UPDATE, true,  api_put_twin },
	{ "GET",    "/twins/{d}/modules/{m}",           SERVICE, THROTTLE_TWIN_READ,   false, api_get_twin },
	{ "PATCH",  "/twins/{d}/modules/{m}",           SERVICE, THROTTLE_TWIN_UPDATE, true,  api_patch_twin },
	{ "PUT",    "/twins/{d}/modules/{m}",           SERVICE, THROTTLE_TWIN_UPDATE, true,  api_put_twin },
	{ "POST",   "/twins/{d}/methods",               SERVICE, THROTTLE_METHOD,      true,  method_start },
	{ "POST",   "/twins/{d}/modules/{m}/methods",   SERVICE, THROTTLE_METHOD,      true,  method_start },
	{ "GET",    "/messages/serviceBound/feedback",  SERVICE, THROTTLE_NONE,        false, api_receive_feedback },
	{ "DELETE", "/messages/serviceBound/feedback/*", SERVICE, THROTTLE_NONE,       false, api_complete_feedback },
	{ "POST",   "/messages/serviceBound/feedback/*/abandon", SERVICE, THROTTLE_NONE, false, api_abandon_feedback },
	{ "POST",   "/jobs/create",                     WRITE,   THROTTLE_NONE,        false, api_not_served },
	{ "GET",    "/jobs",                            READ,    THROTTLE_NONE,        false, api_not_served },
	{ "GET",    "/jobs/v2/query",                   SERVICE, THROTTLE_NONE,        false, api_not_served },
	{ "PUT",    "/jobs/v2/*",                       SERVICE, THROTTLE_NONE,        false, api_not_served },
	{ "GET",    "/jobs/*",                          READ,    THROTTLE_NONE,        false, api_no_jobs },
	{ "DELETE", "/jobs/*",                          READ,    THROTTLE_NONE,        false, api_no_jobs },
};
/* clang-format on */

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static bool add_segment(struct call *call, const char *at, size_t len)
{
	char *segment = call->segments[call->segment_count];

	if (call->segment_count == PATH_SEGMENTS || len > SEGMENT_MAX ||
	    !percent_decode(segment, at, len))
		return false;
	strcat(call->path, "/");
	strcat(call->path, segment);
	call->segment_count++;
	return true;
}

bool route_split(struct call *call)
{
	const char *at = call->request->target;
	const char *end = at + strcspn(at, "?");

	call->path[0] = '\0';
	call->query = *end ? end + 1 : NULL;
	while (at < end && *at == '/') {
		size_t len = strcspn(++at, "/?");

		if (len == 0 && at == end) /* a slash at the end says nothing */
			break;
		if (!add_segment(call, at, len)) {
			refuse(call, ERROR_FORMAT,
			       "The path is too long or badly "
			       "encoded.");
			return false;
		}
		at += len;
	}
	if (at == end)
		return true;
	refuse(call, ERROR_FORMAT, "The path does not begin with a slash.");
	return false;
}

static bool fits(struct call *call, const char *pattern)
{
	size_t i = 0;

	call->device = call->module = "";
	for (; *pattern == '/' && i < call->segment_count; i++) {
		size_t len = strcspn(++pattern, "/");
		const char *segment = call->segments[i];

		if (strncmp(pattern, "{d}", len) == 0)
			call->device = segment;
		else if (strncmp(pattern, "{m}", len) == 0)
			call->module = segment;
		else if (*pattern != '*' && (strlen(segment) != len ||
					     strncasecmp(pattern, segment, len) != 0))
			return false;
		pattern += len;
	}
	return *pattern == '\0' && i == call->segment_count && i > 0;
}

const struct route *route_find(struct call *call)
{
	const struct route *table = routes;
	size_t count = ROUTES;
	bool path_known = false;

	if (dps_takes(call))
		table = dps_routes(call, &count);
	for (size_t i = 0; i < count; i++) {
		if (!fits(call, table[i].path))
			continue;
		path_known = true;
		if (strcmp(table[i].method, call->request->method) == 0)
			return &table[i];
	}
	refuse(call, path_known ? ERROR_METHOD : ERROR_NO_RESOURCE, NULL);
	return NULL;
}
