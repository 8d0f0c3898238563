/* Lists of enrolments and registrations, and single ones of the latter. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dps/routes.h"
#include "dps/dps.h"
#include "page.h"

struct found {
	struct json *rows;
	size_t room;
	int64_t last;
	bool more;
};

/* False: the page was full before, and there is another one. */
static bool has_room(struct found *found)
{
	found->more = json_count(found->rows) == found->room;
	return !found->more;
}

static bool take_enrollment(void *to, const struct enrollment *enrollment)
{
	struct found *found = to;

	if (!has_room(found))
		return false;
	json_push(found->rows, enrollment_json(enrollment));
	found->last = enrollment->row;
	return true;
}

static bool take_registration(void *to, const struct registration *registration)
{
	struct found *found = to;

	if (!has_room(found))
		return false;
	json_push(found->rows, registration_json(registration, false));
	found->last = registration->row;
	return true;
}

/* Everything is all that can be asked for: "*", or SELECT * FROM enrollments. */
static bool check_query(struct call *call)
{
	const char *text = json_get_text(call->body, "query");
	char table[24], end;
	int words = text ? sscanf(text, " SELECT * FROM %23[A-Za-z] %c", table, &end) : 0;

	if (text && strcasecmp(text, "*") == 0)
		return true;
	if (text && words != 1)
		words = sscanf(text, " select * from %23[A-Za-z] %c", table, &end);
	if (words == 1 && (strcasecmp(table, "enrollments") == 0 ||
			   strcasecmp(table, "enrollmentGroups") == 0 ||
			   strcasecmp(table, "registrations") == 0))
		return true;
	refuse(call, ERROR_ARGUMENT,
	       "query is \"*\" or \"SELECT * FROM enrollments\"; this service knows no "
	       "conditions.");
	return false;
}

static void answer_found(struct call *call, int rc, struct found *found, const char *type)
{
	if (rc < 0) {
		json_free(found->rows);
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	answer_json(call, 200, found->rows);
	answer_header(call->answer, "x-ms-item-type", type);
	if (found->more)
		page_continue(call, found->last);
}

void api_query_enrollments(struct call *call)
{
	bool group = api_is_group(call);
	struct page page;
	struct found found = { 0 };
	int rc;

	if (!check_query(call) || !page_read(call, &page))
		return;
	found.room = page.room;
	found.rows = json_new_array();
	rc = roll_each(call->hub->dps->roll, group, page.after, take_enrollment, &found);
	answer_found(call, rc, &found, group ? "enrollmentGroup" : "enrollment");
}

void api_query_registrations(struct call *call)
{
	struct roll *roll = call->hub->dps->roll;
	struct enrollment group;
	struct found found = { 0 };
	struct page page;
	int rc;

	if (!check_query(call) || !page_read(call, &page))
		return;
	rc = roll_get(roll, true, call->device, &group);
	enrollment_free(&group);
	if (rc == 0) {
		refuse(call, ERROR_NO_ENROLLMENT, NULL);
		return;
	}
	found.room = page.room;
	found.rows = json_new_array();
	if (rc == 1)
		rc = roll_each_registration(roll, call->device, page.after,
					    take_registration, &found);
	answer_found(call, rc, &found, "deviceRegistration");
}

/* -- one registration ---------------------------------------------------------------- */

static bool find(struct call *call, struct registration *registration)
{
	int rc = roll_get_registration(call->hub->dps->roll, call->device, registration);

	if (rc < 0)
		refuse(call, ERROR_SERVER, NULL);
	else if (rc == 0)
		refuse(call, ERROR_NO_REGISTRATION, NULL);
	return rc == 1;
}

void api_get_registration(struct call *call)
{
	struct registration registration;

	if (find(call, &registration))
		answer_json(call, 200, registration_json(&registration, false));
}

void api_delete_registration(struct call *call)
{
	const char *if_match = request_header(call->request, "If-Match");
	struct registration registration;

	if (!find(call, &registration))
		return;
	if (if_match && !etag_matches(if_match, registration.etag))
		refuse(call, ERROR_PRECONDITION, NULL);
	else if (roll_delete_registration(call->hub->dps->roll, registration.id) < 0)
		refuse(call, ERROR_SERVER, NULL);
	else
		answer_nothing(call, 204);
}
