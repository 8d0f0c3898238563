#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "crypto.h"
#include "query.h"

#define QUERY_TEXT_MAX 8192
#define PAGE_DEFAULT   100
#define PAGE_MAX       1000

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

	if (!call_find(call, &device))
		return;
	twin_etag(&device.twin, etag);
	if (call_if_match(call, etag)) {
		wrong = twin_apply(&device.twin, call->body, how, call->now_ms);
		if (wrong)
			refuse(call, ERROR_ARGUMENT, "%s", wrong);
		else if (store_update(call->hub->store, &device) < 0)
			refuse(call, ERROR_SERVER, NULL);
		else
			answer_twin(call, &device);
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

struct page {
	const struct query *query;
	struct json *rows;
	size_t room;
	size_t count;
	int64_t last; /* row of the store that was taken last */
	bool more;
};

static bool take(void *to, struct device *device)
{
	struct page *page = to;
	struct json *twin = twin_json(device);

	if (!query_selects(page->query, twin)) {
		json_free(twin);
		return true;
	}
	if (query_is_count(page->query)) {
		json_free(twin);
		page->count++;
		return true;
	}
	if (page->count == page->room) {
		json_free(twin);
		page->more = true;
		return false;
	}
	json_push(page->rows, query_row(page->query, twin));
	page->count++;
	page->last = device->row;
	return true;
}

static bool page_size(struct call *call, size_t *room)
{
	const char *said = request_header(call->request, "x-ms-max-item-count");
	unsigned long long count = PAGE_DEFAULT;

	if (said && (!parse_whole(said, strlen(said), PAGE_MAX, &count) || count == 0)) {
		refuse(call, ERROR_ARGUMENT,
		       "x-ms-max-item-count is a number from 1 to 1000.");
		return false;
	}
	*room = (size_t)count;
	return true;
}

/* The token is the base64 of a row's number: devices come in the order of their making.
 */
static bool page_start(struct call *call, int64_t *after)
{
	const char *said = request_header(call->request, "x-ms-continuation");
	unsigned long long row;
	uint8_t digits[24];
	int len;

	*after = 0;
	if (!said || !*said)
		return true;
	len = base64_decode(digits, sizeof(digits), said, strlen(said));
	if (len <= 0 ||
	    !parse_whole((const char *)digits, (size_t)len, INT64_MAX, &row)) {
		refuse(call, ERROR_ARGUMENT, "x-ms-continuation is not one of this hub.");
		return false;
	}
	*after = (int64_t)row;
	return true;
}

static void answer_page(struct call *call, struct page *page)
{
	char digits[24], token[40];
	int len;

	if (query_is_count(page->query))
		json_push(page->rows, query_count_row(page->query, page->count));
	answer_json(call, 200, page->rows);
	answer_header(call->answer, "x-ms-item-type",
		      query_is_whole(page->query) ? "twin" : "raw");
	if (!page->more)
		return;
	len = snprintf(digits, sizeof(digits), "%lld", (long long)page->last);
	base64_encode(token, (const uint8_t *)digits, (size_t)len);
	answer_header(call->answer, "x-ms-continuation", token);
}

static void run_query(struct call *call, const struct query *query)
{
	struct page page = { .query = query };
	int64_t after;

	if (!page_size(call, &page.room) || !page_start(call, &after))
		return;
	page.rows = json_new_array();
	if (store_each(call->hub->store, after, NULL, take, &page) < 0) {
		json_free(page.rows);
		refuse(call, ERROR_SERVER, NULL);
		return;
	}
	answer_page(call, &page);
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

/* -- what needs a connected device --------------------------------------------------- */

void api_purge_commands(struct call *call)
{
	struct device device;
	struct json *json;

	if (!call_find(call, &device))
		return;
	json = json_new_object();
	json_add_text(json, "deviceId", device.id);
	json_add_text(json, "moduleId", NULL);
	json_add_number(json, "totalMessagesPurged", 0);
	answer_json(call, 200, json);
	device_free(&device);
}

void api_not_served(struct call *call)
{
	refuse(call, ERROR_NOT_SERVED, NULL);
}

void api_no_jobs(struct call *call)
{
	refuse(call, ERROR_NO_JOB, "Job '%s' does not exist.", call->segments[1]);
}
