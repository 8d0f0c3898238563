#include "call.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "crypto.h"
#include "log.h"

const char *request_header(const struct request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++)
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	return NULL;
}

void answer_free(struct answer *answer)
{
	if (answer->pending)
		answer->cancel(answer->cancel_with);
	answer->pending = false;
	if (answer->body.at)
		explicit_bzero(answer->body.at, answer->body.len);
	text_free(&answer->body);
	text_free(&answer->headers);
}

/* A name and a value, each with its NUL. */
void answer_header(struct answer *answer, const char *name, const char *value)
{
	text_put(&answer->headers, name, strlen(name) + 1);
	text_put(&answer->headers, value, strlen(value) + 1);
}

bool answer_next_header(const struct answer *answer, const char **name,
			const char **value)
{
	const char *at = *name ? *value + strlen(*value) + 1 : answer->headers.at;

	if (!at || answer->headers.failed ||
	    at == answer->headers.at + answer->headers.len)
		return false;
	*name = at;
	*value = at + strlen(at) + 1;
	return true;
}

/* -- errors -------------------------------------------------------------------------- */

/*
 * {"Message":"ErrorCode:NAME;TEXT","ExceptionMessage":"Tracking ID:..."}, as captures of
 * the real hub have it. Clients split the message at colon and semicolon.
 */
static struct json *error_json(const struct error_kind *kind, const char *text,
			       int64_t now_ms)
{
	char message[400], tracking[120], stamp[TIME_TEXT];
	struct json *json = json_new_object();
	uint64_t id[2] = { 0 };

	crypto_random(id, sizeof(id));
	clock_stamp(stamp, now_ms);
	snprintf(tracking, sizeof(tracking),
		 "Tracking ID:%016" PRIx64 "%016" PRIx64 "-G:0-TimeStamp:%s", id[0],
		 id[1], stamp);
	snprintf(message, sizeof(message), "ErrorCode:%s;%s", kind->name, text);
	json_add_text(json, "Message", message);
	json_add_text(json, "ExceptionMessage", tracking);
	return json;
}

static void answer_error(struct call *call, const struct error_kind *kind,
			 const char *text)
{
	if (call->error_form) {
		answer_json(call, kind->status,
			    call->error_form(kind, text, call->now_ms));
		return;
	}
	answer_json(call, kind->status, error_json(kind, text, call->now_ms));
	answer_header(call->answer, "iothub-errorcode", kind->name);
}

void refuse(struct call *call, enum error error, const char *format, ...)
{
	const struct error_kind *kind = error_kind(error);
	va_list args;

	snprintf(call->why, sizeof(call->why), "%s", kind->text);
	if (format) {
		va_start(args, format);
		vsnprintf(call->why, sizeof(call->why), format, args);
		va_end(args);
	}
	call->refused = error;
	answer_error(call, kind, call->why);
}

void refuse_quietly(struct call *call, enum error error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(call->why, sizeof(call->why), format, args);
	va_end(args);
	call->refused = error;
	answer_error(call, error_kind(error), error_kind(error)->text);
}

/* -- answers ------------------------------------------------------------------------- */

void answer_json(struct call *call, int status, struct json *json)
{
	struct answer *answer = call->answer;
	char *text = json_print(json);

	json_free(json);
	text_free(&answer->body);
	if (text) {
		answer->body.at = text;
		answer->body.len = strlen(text);
		answer->body.room = answer->body.len + 1;
	}
	answer->status = text ? status : 500;
}

void answer_nothing(struct call *call, int status)
{
	text_free(&call->answer->body);
	call->answer->status = status;
}

void answer_etag(struct call *call, const char *etag)
{
	char quoted[LOCK_TEXT + 2]; /* the longer of the two kinds */

	snprintf(quoted, sizeof(quoted), "\"%s\"", etag);
	answer_header(call->answer, "ETag", quoted);
}

/* -- answers that come later --------------------------------------------------------- */

static void cancel(void *with)
{
	struct call *call = with;

	call->cancel(call->cancel_with);
	free(call);
}

void call_suspend(struct call *call, void (*cancelled)(void *with), void *with)
{
	call->cancel = cancelled;
	call->cancel_with = with;
	call->answer->cancel = cancel;
	call->answer->cancel_with = call;
	call->answer->pending = true;
}

void call_resume(struct call *call)
{
	call->answer->pending = false;
	call_tell(call);
	hub_wake(call->hub);
	free(call);
}

static void log_call(const struct call *call)
{
	const struct request *request = call->request;
	int path_len = (int)strcspn(request->target, "?");

	if (call->fault.action != FAULT_NONE)
		log_event("%s %.*s: --fail '%s' strikes", request->method, path_len,
			  request->target, call->fault.text);
	else if (call->refused != ERROR_NONE)
		log_event("%s %.*s: %d %s: %s", request->method, path_len,
			  request->target, call->answer->status,
			  error_kind(call->refused)->name, call->why);
	else
		log_detail("%s %.*s: %d", request->method, path_len, request->target,
			   call->answer->status);
}

void call_tell(const struct call *call)
{
	const struct answer *answer = call->answer;

	log_call(call);
	record_request(&call->hub->record, call->request,
		       answer->drop ? 0 : answer->status);
}

/* -- what most handlers begin with --------------------------------------------------- */

bool call_find(struct call *call, struct device *device)
{
	int rc = store_get(call->hub->store, call->device, call->module, device);

	if (rc < 0)
		refuse(call, ERROR_SERVER, NULL);
	else if (rc == 0 && *call->module)
		refuse(call, ERROR_NO_MODULE,
		       "Module '%s' on device '%s' is not "
		       "registered.",
		       call->module, call->device);
	else if (rc == 0)
		refuse(call, ERROR_NO_DEVICE, "Device '%s' is not registered.",
		       call->device);
	return rc == 1;
}

bool call_if_match(struct call *call, const char *etag)
{
	const char *if_match = request_header(call->request, "If-Match");

	if (!if_match || etag_matches(if_match, etag))
		return true;
	refuse(call, ERROR_PRECONDITION,
	       "If-Match is %s, but the ETag of device '%s' is \"%s\".", if_match,
	       call->device, etag);
	return false;
}
