#include "json.h"

#include "doc.h"
#include "error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int json_fail_answer(const char *what, struct prov_error *err)
{
	fail(err, PROV_ERR_NOHUB, "the answer is not the JSON expected of %s", what);
	return hint(err, PROV_ERR_NOHUB, "check the HostName: is that an IoT Hub?");
}

/* Does it begin as what a service says does? */
static bool is_json_at_all(const char *text)
{
	text += strspn(text, " \t\r\n");
	return *text == '{' || *text == '[';
}

static int fail_malformed(size_t at, struct prov_error *err)
{
	fail(err, PROV_ERR_ANSWER, "the hub's answer is malformed JSON at byte %zu", at);
	if (err)
		err->at = at;
	return hint(err, PROV_ERR_ANSWER,
		    "try again; if it stays so, something on the way, such as a proxy, "
		    "changes what the hub says");
}

int json_read_answer(const char *text, bool (*is)(const struct doc *), const char *what,
		     struct doc **out, struct prov_error *err)
{
	struct doc *doc = NULL;
	size_t at;
	int rc = doc_parse(text, &doc, &at);

	if (rc == PROV_ERR_NOMEM)
		return doc_no_memory(err);
	if (rc == 0 && is(doc)) {
		*out = doc;
		return 0;
	}
	doc_free(doc);
	return rc < 0 && is_json_at_all(text) ? fail_malformed(at, err)
					      : json_fail_answer(what, err);
}

int json_check_object(const char *text, struct prov_error *err)
{
	size_t at;

	/* Stricter than cJSON: what a hub would refuse is not sent. */
	if (doc_find_fault(text, &at))
		return fail_at(err, at, "not JSON at byte %zu", at);
	at = strspn(text, " \t\r\n");
	return text[at] == '{' ? 0 : fail_at(err, at, "the JSON is not an object");
}

/* -- failures ---------------------------------------------------------------------- */

/* Codes come as names or as numbers. */
static void read_code(const struct doc *object, char *to, size_t bytes)
{
	const struct doc *number = doc_get(object, "errorCode");

	copy_clean(to, bytes, doc_text(object, "errorCode"));
	if (doc_is_number(number))
		snprintf(to, bytes, "%" PRIu64, doc_count(number));
}

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
static void read_inner(const struct doc *doc, struct json_failure *out)
{
	const char *tracking = doc_text(doc, "trackingId");

	read_code(doc, out->code, sizeof(out->code));
	copy_clean(out->text, sizeof(out->text), doc_text(doc, "message"));
	if (*tracking)
		copy_clean(out->tracking, sizeof(out->tracking), tracking);
}

int json_read_failure(const char *text, struct json_failure *out)
{
	struct doc *doc = NULL, *inner = NULL;
	const char *message;
	size_t at;
	int rc = doc_parse(text, &doc, &at);
	bool known;

	memset(out, 0, sizeof(*out));
	message = doc_text(doc, "Message");
	known = *message || doc_get(doc, "errorCode");
	if (*message == '{')
		rc = doc_parse(message, &inner, &at);
	read_tracking(doc_text(doc, "ExceptionMessage"), out);
	if (!inner && *message)
		split_message(message, out);
	else
		read_inner(inner ? inner : doc, out);
	doc_free(inner);
	doc_free(doc);
	return rc == PROV_ERR_NOMEM ? rc : known;
}

/* -- bulk operations, queries, methods, counts -------------------------------------- */

int json_read_bulk(const char *text, json_complaint *complaint, void *ctx,
		   struct prov_error *err)
{
	const struct doc *errors, *item;
	struct doc *doc = NULL;
	char code[64];
	int rc = json_read_answer(text, doc_is_object, "a bulk operation", &doc, err);

	if (rc < 0)
		return rc;
	errors = doc_get(doc, "errors");
	if (!doc_is_array(errors) && !doc_is_true(doc_get(doc, "isSuccessful")))
		rc = json_fail_answer("a bulk operation", err);
	for (item = rc == 0 ? doc_first(errors) : NULL; item; item = doc_next(item)) {
		read_code(item, code, sizeof(code));
		complaint(ctx, doc_text(item, "deviceId"), code,
			  doc_text(item, "errorStatus"));
	}
	doc_free(doc);
	return rc;
}

int json_make_query(const char *query, struct prov_secret **out, struct prov_error *err)
{
	struct doc *doc = doc_object();

	return doc_finish(doc, doc && doc_add_text(doc, "query", query), out, err);
}

int json_read_rows(const char *text, prov_each_row *each, void *ctx,
		   struct prov_error *err)
{
	const struct doc *item;
	struct doc *doc = NULL;
	int rc = json_read_answer(text, doc_is_array, "a query", &doc, err);

	for (item = doc_first(doc); item && rc == 0; item = doc_next(item)) {
		char *row = doc_line(item);

		rc = row ? each(ctx, row) != 0 : doc_no_memory(err);
		free(row);
	}
	doc_free(doc);
	return rc;
}

int json_make_method(const struct prov_method *method, struct prov_secret **out,
		     struct prov_error *err)
{
	const char *payload = method->payload ? method->payload : "null";
	struct doc *doc, *checked = NULL;
	size_t at = 0;
	int rc = doc_parse(payload, &checked, &at);
	bool ok;

	doc_free(checked);
	if (rc == PROV_ERR_FORMAT)
		return fail_at(err, at, "the payload is not JSON at byte %zu", at);
	if (rc < 0)
		return doc_no_memory(err);
	doc = doc_object();
	ok = doc_add_json(doc, "payload", payload) &&
	     doc_add_text(doc, "methodName", method->name) &&
	     doc_add_number(doc, "responseTimeoutInSeconds",
			    method->response_s ? method->response_s : 30) &&
	     doc_add_number(doc, "connectTimeoutInSeconds", method->connect_s);
	return doc_finish(doc, ok, out, err);
}

int json_read_method(const char *text, int *status, char **payload,
		     struct prov_error *err)
{
	const struct doc *value;
	struct doc *doc = NULL;
	int rc = json_read_answer(text, doc_is_object, "a method", &doc, err);

	if (rc < 0)
		return rc;
	value = doc_get(doc, "status");
	if (!doc_is_number(value))
		rc = json_fail_answer("a method", err);
	else if (status)
		*status = doc_int(value);
	if (rc == 0 && payload) {
		value = doc_get(doc, "payload");
		*payload = value ? doc_line(value) : strdup("null");
		if (!*payload)
			rc = doc_no_memory(err);
	}
	doc_free(doc);
	return rc;
}

int json_read_count(const char *text, const char *name, uint64_t *out,
		    struct prov_error *err)
{
	struct doc *doc = NULL;
	int rc = json_read_answer(text, doc_is_object, name, &doc, err);

	if (rc < 0)
		return rc;
	if (doc_is_number(doc_get(doc, name)))
		*out = doc_count(doc_get(doc, name));
	else
		rc = json_fail_answer(name, err);
	doc_free(doc);
	return rc;
}
