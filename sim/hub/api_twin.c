#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "news.h"
#include "page.h"
#include "query.h"

#define QUERY_TEXT_MAX 8192

static void answer_twin(struct call *call, const struct device *device)
{
	char etag[ETAG_TEXT];

	twin_etag(&device->twin, etag);
	answer_json(call, 200, twin_json(device));
	answer_etag(call, etag);
}

void api_get_twin(struct call *call)
{
	struct device device;

	if (!call_find(call, &device))
		return;
	answer_twin(call, &device);
	device_free(&device);
}

static void change_twin(struct call *call, enum twin_change how)
{
	struct device device;
	char etag[ETAG_TEXT];
	const char *wrong;
	int64_t before;

	if (!call_find(call, &device))
		return;
	before = device.twin.desired_version;
	twin_etag(&device.twin, etag);
	if (call_if_match(call, etag)) {
		wrong = twin_apply(&device.twin, call->body, how, call->now_ms);
		if (wrong)
			refuse(call, ERROR_ARGUMENT, "%s", wrong);
		else if (store_update(call->hub->store, &device) < 0)
			refuse(call, ERROR_SERVER, NULL);
		else
			answer_twin(call, &device);
		if (call->refused == ERROR_NONE)
			news_tell(call->hub, device.id, device.module, call->body, how,
				  before);
	}
	device_free(&device);
}

void api_patch_twin(struct call *call)
{
	change_twin(call, TWIN_PATCH);
}

void api_put_twin(struct call *call)
{
	change_twin(call, TWIN_REPLACE);
}

/* -- queries ------------------------------------------------------------------------- */

struct found {
	const struct query *query;
	struct json *rows;
	size_t room;
	size_t count;
	int64_t last; /* row of the store that was taken last */
	bool more;
};

static bool take(void *to, struct device *device)
{
	struct found *found = to;
	struct json *twin = twin_json(device);

	if (!query_selects(found->query, twin)) {
		json_free(twin);
		return true;
	}
	if (query_is_count(found->query)) {
		json_free(twin);
		found->count++;
		return true;
	}
	if (found->count == found->room) {
		json_free(twin);
		found->more = true;
		return false;
	}
	json_push(found->rows, query_row(found->query, twin));
	found->count++;
	found->last = device->row;
	return true;
}

static void answer_page(struct call *call, struct found *found)
{
	if (query_is_count(found->query))
		json_push(found->rows, query_count_row(found->query, found->count));
	answer_json(call, 200, found->rows);
	answer_header(call->answer, "x-ms-item-type",
		      query_is_whole(found->query) ? "twin" : "raw");
	if (found->more)
		page_continue(call, found->last);
}

static void run_query(struct call *call, const struct query *query)
{
	struct found found = { .query = query };
	struct page asked;

	if (!page_read(call, &asked))
		return;
	found.room = asked.room;
	found.rows = json_new_array();
	if (store_each(call->hub->store, asked.after, NULL, take, &found) < 0) {
		json_free(found.rows);
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	answer_page(call, &found);
}

void api_query(struct call *call)
{
	const char *text = json_get_text(call->body, "query");
	char err[QUERY_ERROR];
	struct query *query;

	if (!text || strlen(text) > QUERY_TEXT_MAX) {
		refuse(call, ERROR_ARGUMENT,
		       "query is missing, or longer than 8192 bytes.");
		return;
	}
	query = query_parse(text, err);
	if (!query) {
		refuse(call, ERROR_ARGUMENT, "%s", err);
		return;
	}
	run_query(call, query);
	query_free(query);
}

/* -- what is not here ---------------------------------------------------------------- */

void api_not_served(struct call *call)
{
	refuse(call, ERROR_NOT_SERVED, NULL);
}

void api_no_jobs(struct call *call)
{
	refuse(call, ERROR_NO_JOB, "Job '%s' does not exist.", call->segments[1]);
}
