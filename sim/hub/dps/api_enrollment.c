/* /enrollments/ID, /enrollmentGroups/ID, and many of the former at once. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dps/routes.h"
#include "dps/dps.h"

#define BULK_MAX 10

/* What is done to one of them. */
struct edit {
	struct hub *hub;
	int64_t now_ms;
	bool group;
	const char *id;
	const struct json *body;
	struct enrollment enrollment; /* as it is */
	bool found;
	char why[200];
};

static enum error fail(struct edit *edit, enum error error, const char *why)
{
	snprintf(edit->why, sizeof(edit->why), "%s", why ? why : error_kind(error)->text);
	return error;
}

/* Finds it; there may be none. To be closed in any case. */
static enum error edit_open(struct edit *edit)
{
	int rc;

	if (!enrollment_id_valid(edit->id))
		return fail(edit, ERROR_ARGUMENT,
			    "An id has 1 to 128 letters, digits and : . _ -, of which it "
			    "neither begins nor ends with the latter four.");
	rc = roll_get(edit->hub->dps->roll, edit->group, edit->id, &edit->enrollment);
	edit->found = rc == 1;
	return rc < 0 ? fail(edit, ERROR_SERVER, NULL) : ERROR_NONE;
}

static void edit_close(struct edit *edit)
{
	enrollment_free(&edit->enrollment);
}

/* `etag` NULL: any. */
static enum error must_be(struct edit *edit, const char *etag)
{
	if (!edit->found)
		return fail(edit, ERROR_NO_ENROLLMENT, NULL);
	if (etag && !etag_matches(etag, edit->enrollment.etag))
		return fail(edit, ERROR_PRECONDITION, NULL);
	return ERROR_NONE;
}

static enum error must_not_be(struct edit *edit)
{
	return edit->found ? fail(edit, ERROR_ENROLLMENT_EXISTS, NULL) : ERROR_NONE;
}

static enum error edit_put(struct edit *edit)
{
	struct enrollment *enrollment = &edit->enrollment;
	const char *wrong;

	if (!edit->found) {
		enrollment->group = edit->group;
		snprintf(enrollment->id, sizeof(enrollment->id), "%s", edit->id);
	}
	wrong = enrollment_apply(enrollment, edit->body, edit->hub->host, edit->now_ms);
	if (wrong)
		return fail(edit, ERROR_ARGUMENT, wrong);
	return roll_put(edit->hub->dps->roll, enrollment) == 1
		       ? ERROR_NONE
		       : fail(edit, ERROR_SERVER, NULL);
}

static enum error edit_delete(struct edit *edit)
{
	return roll_delete(edit->hub->dps->roll, edit->group, edit->id) < 0
		       ? fail(edit, ERROR_SERVER, NULL)
		       : ERROR_NONE;
}

/* -- one ----------------------------------------------------------------------------- */

static struct edit edit_of(const struct call *call)
{
	return (struct edit){ .hub = call->hub,
			      .now_ms = call->now_ms,
			      .group = api_is_group(call),
			      .id = call->device,
			      .body = call->body };
}

/* True: it is there, and the If-Match header, if there is one, is for it. */
static bool open_existing(struct call *call, struct edit *edit)
{
	enum error error = edit_open(edit);

	if (error == ERROR_NONE)
		error = must_be(edit, request_header(call->request, "If-Match"));
	if (error != ERROR_NONE)
		refuse(call, error, "%s", edit->why);
	return error == ERROR_NONE;
}

/* That of an individual one has what became of the device. */
static void answer_enrollment(struct call *call, const struct enrollment *enrollment)
{
	struct json *json = enrollment_json(enrollment);
	struct registration registration;

	if (!enrollment->group &&
	    roll_get_registration(call->hub->dps->roll, enrollment->id, &registration) ==
		    1)
		json_add(json, "registrationState",
			 registration_json(&registration, false));
	answer_json(call, 200, json);
}

void api_get_enrollment(struct call *call)
{
	struct edit edit = edit_of(call);

	if (open_existing(call, &edit))
		answer_enrollment(call, &edit.enrollment);
	edit_close(&edit);
}

void api_get_attestation(struct call *call)
{
	struct edit edit = edit_of(call);

	if (open_existing(call, &edit))
		answer_json(call, 200, enrollment_attestation(&edit.enrollment, true));
	edit_close(&edit);
}

void api_delete_enrollment(struct call *call)
{
	struct edit edit = edit_of(call);

	if (open_existing(call, &edit)) {
		if (edit_delete(&edit) == ERROR_NONE)
			answer_nothing(call, 204);
		else
			refuse(call, ERROR_SERVER, NULL);
	}
	edit_close(&edit);
}

static enum error check_body_id(struct edit *edit)
{
	const char *key = edit->group ? "enrollmentGroupId" : "registrationId";
	const char *said = json_get_text(edit->body, key);

	return said && strcasecmp(said, edit->id) == 0
		       ? ERROR_NONE
		       : fail(edit, ERROR_ARGUMENT,
			      edit->group
				      ? "enrollmentGroupId of the body is not that of "
					"the path."
				      : "registrationId of the body is not that of the "
					"path.");
}

/* Without If-Match it makes one, with it changes one. */
void api_put_enrollment(struct call *call)
{
	const char *if_match = request_header(call->request, "If-Match");
	struct edit edit = edit_of(call);
	enum error error = edit_open(&edit);

	if (error == ERROR_NONE)
		error = check_body_id(&edit);
	if (error == ERROR_NONE)
		error = if_match ? must_be(&edit, if_match) : must_not_be(&edit);
	if (error == ERROR_NONE)
		error = edit_put(&edit);
	if (error == ERROR_NONE)
		answer_enrollment(call, &edit.enrollment);
	else
		refuse(call, error, "%s", edit.why);
	edit_close(&edit);
}

/* -- many ---------------------------------------------------------------------------- */

static enum error bulk_create(struct edit *edit)
{
	enum error error = must_not_be(edit);

	return error == ERROR_NONE ? edit_put(edit) : error;
}

static enum error bulk_update(struct edit *edit)
{
	enum error error = must_be(edit, NULL);

	return error == ERROR_NONE ? edit_put(edit) : error;
}

static enum error bulk_update_if_match(struct edit *edit)
{
	const char *etag = json_get_text(edit->body, "etag");
	enum error error = must_be(edit, etag ? etag : "");

	return error == ERROR_NONE ? edit_put(edit) : error;
}

static enum error bulk_delete(struct edit *edit)
{
	enum error error = must_be(edit, NULL);

	return error == ERROR_NONE ? edit_delete(edit) : error;
}

static const struct mode {
	const char *name; /* compared without regard to case: SDKs differ */
	enum error (*run)(struct edit *edit);
} modes[] = {
	{ "create", bulk_create },
	{ "update", bulk_update },
	{ "updateIfMatchETag", bulk_update_if_match },
	{ "delete", bulk_delete },
};

static const struct mode *find_mode(const char *name)
{
	for (size_t i = 0; name && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcasecmp(modes[i].name, name) == 0)
			return &modes[i];
	return NULL;
}

static void bulk_one(struct call *call, const struct mode *mode, const struct json *body,
		     struct json *errors)
{
	const char *id = json_get_text(body, "registrationId");
	struct edit edit = {
		.hub = call->hub, .now_ms = call->now_ms, .id = id ? id : "", .body = body
	};
	enum error error = edit_open(&edit);
	struct json *json;

	if (error == ERROR_NONE)
		error = mode->run(&edit);
	edit_close(&edit);
	if (error == ERROR_NONE)
		return;
	json = json_new_object();
	json_add_text(json, "registrationId", id);
	json_add_number(json, "errorCode", error_kind(error)->number);
	json_add_text(json, "errorStatus", edit.why);
	json_push(errors, json);
}

void api_bulk_enrollments(struct call *call)
{
	const struct mode *mode = find_mode(json_get_text(call->body, "mode"));
	const struct json *list = json_get(call->body, "enrollments");
	struct json *json, *errors;

	if (!mode) {
		refuse(call, ERROR_ARGUMENT,
		       "mode is create, update, updateIfMatchETag or delete.");
		return;
	}
	if (json_kind(list) != JSON_ARRAY || json_count(list) == 0 ||
	    json_count(list) > BULK_MAX) {
		refuse(call, ERROR_ARGUMENT, "enrollments is an array of 1 to 10.");
		return;
	}
	errors = json_new_array();
	for (const struct json *m = json_first(list); m; m = json_next(m))
		bulk_one(call, mode, m, errors);
	json = json_new_object();
	json_add_bool(json, "isSuccessful", json_count(errors) == 0);
	json_add(json, "errors", errors);
	answer_json(call, 200, json);
}
