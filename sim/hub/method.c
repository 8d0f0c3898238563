#include "method.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "clock.h"
#include "crypto.h"
#include "utf8.h"

/* One that is on its way, or waits for the device to come. */
struct method {
	struct method *next;
	struct hub *hub;
	struct call *call;
	char device[ID_MAX + 1];
	char module[ID_MAX + 1];
	char rid[METHOD_RID_TEXT];
	char *name;
	char *payload;
	bool sent;
	int64_t respond_ms; /* how long the device may take, from when it is sent */
	int64_t due_ms;     /* when that is over, or the waiting for the device */
};

/* -- the table ----------------------------------------------------------------------- */

static void unlink_method(struct method *method)
{
	struct method **at = &method->hub->methods.first;

	while (*at != method)
		at = &(*at)->next;
	*at = method->next;
}

static void free_method(struct method *method)
{
	free(method->name);
	free(method->payload);
	free(method);
}

/* Nobody waits for it any more. */
static void forget(void *with)
{
	unlink_method(with);
	free_method(with);
}

/* Its call has been answered or refused. */
static void finish(struct method *method)
{
	struct call *call = method->call;

	forget(method);
	call_resume(call);
}

/*
 * The first of a run of the hub is a random one: what a device answers to a run before
 * shall find nobody.
 */
static void number(struct methods *methods, char rid[METHOD_RID_TEXT])
{
	uint32_t first = 0;

	if (methods->last_rid == 0 && crypto_random(&first, sizeof(first)))
		methods->last_rid = first;
	snprintf(rid, METHOD_RID_TEXT, "%" PRIx64, ++methods->last_rid);
}

/* -- to the device ------------------------------------------------------------------- */

static bool send_to(struct method *method, struct presence *presence)
{
	struct method_request request = { .name = method->name,
					  .rid = method->rid,
					  .payload = method->payload,
					  .payload_len = strlen(method->payload) };

	method->sent = presence->calls->method(presence, &request);
	if (method->sent)
		method->due_ms = clock_steady_ms() + method->respond_ms;
	return method->sent;
}

/*
 * The seconds of a member of the body. "Understand and invoke direct methods" has the
 * limits.
 */
static bool seconds_of(struct call *call, const char *key, int least, int usual,
		       int64_t *ms)
{
	const struct json *said = json_get(call->body, key);
	double seconds = said ? json_number(said) : usual;

	if ((json_kind(said) == JSON_NUMBER || !said) && seconds >= least &&
	    seconds <= METHOD_TIMEOUT_MAX) {
		*ms = (int64_t)(seconds * 1000);
		return true;
	}
	refuse(call, ERROR_ARGUMENT, "%s is a number from %d to %d.", key, least,
	       METHOD_TIMEOUT_MAX);
	return false;
}

static char *payload_of(const struct json *body)
{
	const struct json *payload = json_get(body, "payload");

	return payload ? json_print(payload) : strdup("null");
}

/* NULL: refused. */
static struct method *new_method(struct call *call, int64_t respond_ms)
{
	struct method *method = calloc(1, sizeof(*method));

	if (!method) {
		refuse(call, ERROR_SERVER, NULL);
		return NULL;
	}
	method->hub = call->hub;
	method->call = call;
	method->respond_ms = respond_ms;
	snprintf(method->device, sizeof(method->device), "%s", call->device);
	snprintf(method->module, sizeof(method->module), "%s", call->module);
	method->name = strdup(json_get_text(call->body, "methodName"));
	method->payload = payload_of(call->body);
	if (!method->name || !method->payload)
		refuse(call, ERROR_SERVER, NULL);
	else if (strlen(method->payload) > METHOD_PAYLOAD_MAX)
		refuse(call, ERROR_TOO_LARGE, "A payload has at most 128 KB.");
	else
		return method;
	free_method(method);
	return NULL;
}

static void start(struct call *call, int64_t respond_ms, int64_t connect_ms)
{
	struct methods *methods = &call->hub->methods;
	struct method *method = new_method(call, respond_ms);
	struct presence *presence;
	struct device device;

	if (!method)
		return;
	if (!call_find(call, &device)) {
		free_method(method);
		return;
	}
	device_free(&device);
	number(methods, method->rid);
	presence = presence_find(&call->hub->presences, call->device, call->module);
	if (!(presence && send_to(method, presence))) {
		if (connect_ms == 0) {
			free_method(method);
			refuse(call, ERROR_NOT_ONLINE, NULL);
			return;
		}
		method->due_ms = clock_steady_ms() + connect_ms;
	}
	method->next = methods->first;
	methods->first = method;
	call_suspend(call, forget, method);
}

void method_start(struct call *call)
{
	const char *name = json_get_text(call->body, "methodName");
	int64_t respond_ms, connect_ms;

	if (!name || !*name)
		refuse(call, ERROR_ARGUMENT, "methodName is missing.");
	else if (seconds_of(call, "responseTimeoutInSeconds", METHOD_TIMEOUT_MIN,
			    METHOD_TIMEOUT_S, &respond_ms) &&
		 seconds_of(call, "connectTimeoutInSeconds", 0, 0, &connect_ms))
		start(call, respond_ms, connect_ms);
}

void method_ready(struct hub *hub, struct presence *presence)
{
	for (struct method *m = hub->methods.first; m; m = m->next)
		if (!m->sent && strcmp(m->device, presence->device) == 0 &&
		    strcmp(m->module, presence->module) == 0)
			send_to(m, presence);
}

/* -- from the device ----------------------------------------------------------------- */

static struct method *find_sent(struct hub *hub, const struct presence *from,
				const char *rid)
{
	struct method *method = hub->methods.first;

	while (method && !(method->sent && strcmp(method->rid, rid) == 0 &&
			   strcmp(method->device, from->device) == 0 &&
			   strcmp(method->module, from->module) == 0))
		method = method->next;
	return method;
}

static bool is_json(const char *payload, size_t len)
{
	struct json *json =
		utf8_valid(payload, len) ? json_parse(payload, len, NULL) : NULL;

	json_free(json);
	return json;
}

/* The bytes go on as they are: a number keeps its digits. */
static void answer_method(struct call *call, int status, const char *payload, size_t len)
{
	struct answer *answer = call->answer;

	text_add(&answer->body, "{\"status\":%d,\"payload\":", status);
	text_put(&answer->body, payload, len);
	text_add(&answer->body, "}");
	answer->status = 200;
	if (answer->body.failed)
		refuse(call, ERROR_SERVER, NULL);
}

bool method_answer(struct hub *hub, const struct presence *from, const char *rid,
		   int status, const char *payload, size_t len)
{
	struct method *method = find_sent(hub, from, rid);
	bool good = true;

	if (!method)
		return false;
	if (len == 0) {
		answer_method(method->call, status, "null", 4);
	} else if (len > METHOD_PAYLOAD_MAX) {
		refuse(method->call, ERROR_TOO_LARGE,
		       "The device's answer is longer than 128 KB.");
		good = false;
	} else if (!is_json(payload, len)) {
		refuse(method->call, ERROR_BAD_GATEWAY,
		       "The device's answer is not JSON.");
		good = false;
	} else {
		answer_method(method->call, status, payload, len);
	}
	finish(method);
	return good;
}

/* -- the time ------------------------------------------------------------------------ */

void methods_tick(struct hub *hub, int64_t steady_ms)
{
	struct method *next;

	for (struct method *m = hub->methods.first; m; m = next) {
		next = m->next;
		if (m->due_ms > steady_ms)
			continue;
		refuse(m->call, m->sent ? ERROR_GATEWAY_TIMEOUT : ERROR_NOT_ONLINE, NULL);
		finish(m);
	}
}

int64_t methods_due_ms(const struct hub *hub)
{
	int64_t due_ms = INT64_MAX;

	for (const struct method *m = hub->methods.first; m; m = m->next)
		if (m->due_ms < due_ms)
			due_ms = m->due_ms;
	return due_ms;
}

void methods_close(struct hub *hub)
{
	while (hub->methods.first) {
		refuse(hub->methods.first->call, ERROR_BUSY, "The hub closes.");
		finish(hub->methods.first);
	}
}
