/* Queries, page by page. */
#include "hub.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>
#include <stdio.h>

#define PAGE 1000

struct query {
	struct flow f;
	const char *text;
	unsigned page;
	char *continuation;
	prov_each_row *each;
	void *ctx;
};

static int send_page(struct query *q)
{
	struct prov_secret *body = NULL;
	int rc = json_make_query(q->text, &body, &q->f.error);

	if (rc < 0)
		return rc;
	/* What it reads are twins, which are not the registry's. */
	q->f.needs = RIGHT_SERVICE_CONNECT;
	flow_target(&q->f, "POST", "/devices/query", "", "");
	flow_body(&q->f, body);
	q->f.call.max_items = q->page;
	q->f.call.continuation = q->continuation;
	return FLOW_SEND;
}

static int query_next(struct flow *f)
{
	struct query *q = (struct query *)f;
	int rc;

	if (!f->started)
		return send_page(q);
	if (f->rc < 0)
		return f->rc;
	rc = json_read_rows(f->call.text, q->each, q->ctx, &f->error);
	if (rc != 0)
		return rc < 0 ? rc : fail(&f->error, PROV_ERR_CANCELLED, "ended early");
	free(q->continuation);
	q->continuation = f->call.next;
	f->call.next = NULL;
	if (!q->continuation)
		return 0;
	/* Time is for a page, however many there are. */
	f->deadline_ms = steady_ms() + f->hub->opts.timeout_ms;
	return send_page(q);
}

int prov_query(struct prov_hub *hub, const char *query, unsigned page,
	       prov_each_row *each, void *ctx, struct prov_error *err)
{
	struct query *q = calloc(1, sizeof(*q));
	int rc;

	if (!q)
		return fail(err, PROV_ERR_NOMEM, "no memory for a query");
	q->f.next = query_next;
	q->text = query;
	q->page = page ? page : PAGE;
	q->each = each;
	q->ctx = ctx;
	rc = hub_do(hub, &q->f, err);
	flow_clear(&q->f);
	free(q->continuation);
	free(q);
	return rc;
}

struct list {
	prov_each_device *each;
	void *ctx;
	bool no_memory;
};

static int list_row(void *ctx, const char *json)
{
	struct list *list = ctx;
	struct prov_device device;
	int rc = json_read_device(json, &device, NULL);

	list->no_memory = rc == PROV_ERR_NOMEM;
	if (rc < 0)
		return list->no_memory; /* any other row is no device: nothing to list */
	rc = list->each(list->ctx, &device) != 0;
	prov_device_clear(&device);
	return rc;
}

int prov_device_list(struct prov_hub *hub, const char *where, prov_each_device *each,
		     void *ctx, struct prov_error *err)
{
	static const char all[] = "SELECT * FROM devices";
	struct list list = { each, ctx, false };
	size_t room = sizeof(all) + (where ? strlen(where) : 0) + 8;
	char *query = malloc(room);
	int rc;

	if (!query)
		return fail(err, PROV_ERR_NOMEM, "no memory for a query");
	snprintf(query, room, "%s%s%s", all, where ? " WHERE " : "", where ? where : "");
	rc = prov_query(hub, query, 0, list_row, &list, err);
	free(query);
	return list.no_memory ? fail(err, PROV_ERR_NOMEM, "no memory for a device") : rc;
}
