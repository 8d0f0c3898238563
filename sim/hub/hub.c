#include "hub.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "clock.h"
#include "crypto.h"
#include "dps/dps.h"
#include "folder.h"
#include "route.h"
#include "sending.h"

#define TIDY_MS 1000 /* messages that expired are looked for so often */
#define METER   4096 /* bytes of a method's body that count as one */

/* -- what is asked of every request -------------------------------------------------- */

bool hub_version_valid(const char *version, size_t len)
{
	static const char form[] = "0000-00-00";

	if (len != sizeof(form) - 1 &&
	    (len != sizeof(form) + 7 || strncmp(version + 10, "-preview", 8) != 0))
		return false;
	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)version[i])
				   : version[i] != form[i])
			return false;
	return true;
}

static bool check_version(struct call *call)
{
	size_t len;
	const char *version = query_value(call->query, "api-version", &len);

	if (version && hub_version_valid(version, len))
		return true;
	refuse(call, ERROR_PROTOCOL_VERSION, NULL);
	return false;
}

static bool check_throttle(struct call *call, const struct route *route)
{
	struct throttle *throttle = &call->hub->throttle;
	bool metered = route->throttle == THROTTLE_METHOD;
	unsigned count = metered ? 1 + (unsigned)(call->request->body_len / METER) : 1;
	int retry_s = 0;
	int64_t wait_ms;

	if (!throttle_allows(throttle, route->throttle)) {
		refuse(call, ERROR_TIER, NULL);
		return false;
	}
	wait_ms = throttle_take(throttle, route->throttle, count, clock_steady_ms(),
				&retry_s);
	if (wait_ms >= 0) {
		call->answer->delay_ms = wait_ms;
		return true;
	}
	refuse(call, ERROR_THROTTLED,
	       "The request has been throttled. Wait %d seconds and try again. Operation "
	       "type: %s",
	       retry_s, throttle_name(route->throttle));
	return false;
}

static bool read_body(struct call *call)
{
	const struct request *request = call->request;
	size_t at;

	if (request->too_large) {
		refuse(call, ERROR_TOO_LARGE, NULL);
		return false;
	}
	call->body = json_parse(request->body, request->body_len, &at);
	if (call->body)
		return true;
	if (request->body_len == 0)
		refuse(call, ERROR_FORMAT, "The body is missing.");
	else
		refuse(call, ERROR_FORMAT, "The body is not JSON, from byte %zu on.", at);
	return false;
}

static void serve(struct call *call)
{
	const struct route *route;

	if (!route_split(call))
		return;
	route = route_find(call);
	if (!route || !check_version(call) || !authorize(call, route->right) ||
	    !check_throttle(call, route))
		return;
	if (route->takes_body && !read_body(call))
		return;
	route->serve(call);
	json_free(call->body);
	call->body = NULL;
	if (call->answer->status == 0 && !call->answer->pending)
		refuse(call, ERROR_SERVER, NULL);
}

/* -- faults -------------------------------------------------------------------------- */

static void answer_text(struct answer *answer, int status, const char *type,
			const char *text)
{
	answer->status = status;
	answer->type = type;
	text_put(&answer->body, text, strlen(text));
}

static void answer_status(struct call *call, const struct fault *fault)
{
	enum error error = error_of_status(fault->status);
	char seconds[24];

	if (error == ERROR_THROTTLED)
		refuse(call, error,
		       "The request has been throttled. Wait %ld seconds and try again. "
		       "Operation type: CRUD",
		       fault->wait_s);
	else if (error != ERROR_NONE)
		refuse(call, error, NULL);
	else
		call->answer->status = fault->status;
	if (fault->retry_after_s >= 0) {
		snprintf(seconds, sizeof(seconds), "%ld", fault->retry_after_s);
		answer_header(call->answer, "Retry-After", seconds);
	}
}

/* Instead of the work. True: there is nothing more to do. */
static bool strike_before(struct call *call, const struct fault *fault)
{
	struct answer *answer = call->answer;

	switch (fault->action) {
	case FAULT_STATUS:
		answer_status(call, fault);
		return true;
	case FAULT_HTML:
		answer_text(answer, fault->status, "text/html",
			    "<!DOCTYPE html>\n<html><head><title>No hub</title></head>\n"
			    "<body><h1>This page is not of the hub</h1></body></html>\n");
		return true;
	case FAULT_GARBAGE:
		answer_text(answer, 200, NULL, "{\"deviceId\":\"gar");
		return true;
	case FAULT_DROP:
		answer->drop = true;
		return true;
	case FAULT_NONE:
	case FAULT_SLOW:
	case FAULT_LOSE:
	case FAULT_CUT:
		break;
	}
	return false;
}

static void strike_after(struct answer *answer, const struct fault *fault)
{
	if (fault->action == FAULT_SLOW)
		answer->delay_ms += fault->slow_ms;
	answer->drop |= fault->action == FAULT_LOSE;
	answer->cut |= fault->action == FAULT_CUT;
}

/* -- opening ------------------------------------------------------------------------- */

static void keep_activity(void *with, const struct presence *presence, bool changed)
{
	struct hub *hub = with;

	store_seen(hub->store, presence->device, presence->module, clock_unix_ms(),
		   changed);
}

static void complete(void *with, struct device *device)
{
	struct hub *hub = with;

	device->connected =
		presence_find(&hub->presences, device->id, device->module) != NULL;
	if (!*device->module)
		c2d_count(hub->c2d, device, &device->c2d_count);
}

/* On the thread that writes events. */
static void tell_stored(void *with, uint64_t ticket)
{
	struct hub *hub = with;

	(void)ticket;
	hub_wake(hub);
	pthread_mutex_lock(&hub->listening);
	for (struct listener *l = hub->listeners; l; l = l->next)
		l->stored(l->with);
	pthread_mutex_unlock(&hub->listening);
}

void hub_listen(struct hub *hub, struct listener *listener)
{
	pthread_mutex_lock(&hub->listening);
	listener->next = hub->listeners;
	hub->listeners = listener;
	pthread_mutex_unlock(&hub->listening);
}

void hub_unlisten(struct hub *hub, struct listener *listener)
{
	struct listener **at = &hub->listeners;

	pthread_mutex_lock(&hub->listening);
	while (*at && *at != listener)
		at = &(*at)->next;
	if (*at)
		*at = listener->next;
	pthread_mutex_unlock(&hub->listening);
}

int hub_open(struct hub *hub, int dirfd, const struct events_settings *events, char *err,
	     size_t err_bytes)
{
	static const struct lock free_lock = LOCK_FREE;
	struct events_settings settings = { 0 };

	if (events)
		settings = *events;
	settings.stored = tell_stored;
	settings.with = hub;
	hub->lock = free_lock;
	pthread_mutex_init(&hub->listening, NULL);
	hub->store = store_open(dirfd, err, err_bytes);
	if (!hub->store || policies_open(&hub->policies, hub->store, dirfd, hub->host,
					 err, err_bytes) < 0)
		return -1;
	hub->c2d = c2d_open(hub->store, err, err_bytes);
	if (!hub->c2d)
		return -1;
	hub->dps = dps_open(hub->store, dirfd, *hub->dps_host ? hub->dps_host : DPS_HOST,
			    err, err_bytes);
	if (!hub->dps)
		return -1;
	hub->presences.seen = keep_activity;
	hub->presences.with = hub;
	store_complete_with(hub->store, complete, hub);
	hub->device_cas = folder_read(dirfd, "device-cas.pem");
	hub->events = events_open(dirfd, &settings, err, err_bytes);
	return hub->events ? 0 : -1;
}

void hub_close(struct hub *hub)
{
	if (hub->events)
		events_close(hub->events);
	if (hub->c2d)
		c2d_close(hub->c2d);
	dps_close(hub->dps);
	if (hub->store)
		store_close(hub->store);
	free(hub->device_cas);
	hub->events = NULL;
	hub->c2d = NULL;
	hub->dps = NULL;
	hub->store = NULL;
	hub->device_cas = NULL;
}

void hub_wake(struct hub *hub)
{
	if (hub->wake)
		hub->wake(hub);
}

int64_t hub_tick(struct hub *hub, int64_t steady_ms)
{
	int64_t due_ms;

	methods_tick(hub, steady_ms);
	sendings_tick(hub);
	if (steady_ms >= hub->tidy_ms) {
		c2d_tidy(hub->c2d);
		hub->tidy_ms = steady_ms + TIDY_MS;
	}
	due_ms = methods_due_ms(hub);
	return due_ms < hub->tidy_ms ? due_ms : hub->tidy_ms;
}

void hub_hang_up(struct hub *hub)
{
	methods_close(hub);
	sendings_close(hub);
}

/* -- the whole ----------------------------------------------------------------------- */

static void sign_answer(struct answer *answer)
{
	char text[CRYPTO_UUID_TEXT];

	crypto_uuid(text);
	answer_header(answer, "x-ms-request-id", text);
}

void hub_answer(struct hub *hub, const struct request *request, struct answer *answer)
{
	struct call *call = calloc(1, sizeof(*call));
	char path[512];

	hub->requests++;
	if (!call) {
		answer->drop = true;
		return;
	}
	*call = (struct call){ .hub = hub, .request = request, .answer = answer };
	call->now_ms = clock_unix_ms();
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(request->target, "?"),
		 request->target);
	call->fault = faults_next(&hub->faults, request->method, path);
	if (!strike_before(call, &call->fault))
		serve(call);
	strike_after(answer, &call->fault);
	sign_answer(answer);
	if (answer->pending)
		return;
	call_tell(call);
	free(call);
}
