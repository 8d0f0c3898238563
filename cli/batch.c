/*
 * A tray of boards. Three rounds: look at all boards, get all identities by requests of a
 * hundred, write all boards; a row that fails in one round is left out of the next.
 */
#include "batch.h"
#include "json.h"
#include "sys.h"
#include "working.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (8u << 20)

struct batch_hub {
	const char *name; /* NULL: the usual one */
	struct provision_place place;
	struct prov_hub *hub;
	int status;
};

struct row {
	const struct batch_line *line;
	struct sight sight;
	struct batch_hub *hub; /* NULL for DPS */
	struct provisioning *p;
	int status;
	bool told;
	unsigned ms;
};

struct tray {
	const struct provision_how *how;
	unsigned jobs;
	struct row *rows;
	size_t n, next;
	struct batch_hub *hubs;
	size_t n_hubs;
	int (*work)(struct row *row, struct dfu_dev **dev);
};

struct hand {
	struct worker worker;
	struct tray *tray;
};

/* -- results --------------------------------------------------------------------------- */

static void tell_csv(const struct row *r)
{
	char cell[4][2 * sizeof(r->p->detail)];
	const struct provisioning *p = r->p;

	csv_quote(r->line->board, cell[0], sizeof(cell[0]));
	csv_quote(p ? provision_name(p) : r->line->device_id, cell[1], sizeof(cell[1]));
	csv_quote(p ? clean(p->detail) : "no such board", cell[2], sizeof(cell[2]));
	out("%s,%s,%s,%s,%s\n", cell[0], p ? p->serial : "", cell[1],
	    provision_result_name(p ? p->result : PROVISION_FAILED), cell[2]);
}

static void tell_json(const struct row *r)
{
	struct json *e;

	if (r->p) {
		provisioning_tell(r->p, r->status, r->ms);
		return;
	}
	e = json_object();
	json_add_text(e, "event", "verdict");
	json_add_text(e, "board", r->line->board);
	json_add_text(e, "device_id", r->line->device_id);
	json_add_bool(e, "ok", false);
	json_add_number(e, "exit", r->status);
	json_add_text(e, "result", provision_result_name(PROVISION_FAILED));
	json_add_text(e, "detail", "no such board");
	json_print_line(e);
}

/* Each row once, as soon as nothing more will be done to it. */
static void tell(struct row *r)
{
	workers_lock();
	if (!r->told && globals.json)
		tell_json(r);
	else if (!r->told)
		tell_csv(r);
	r->told = true;
	workers_unlock();
}

static bool is_over(const struct row *r)
{
	return r->status != EXIT_DONE || r->p->over;
}

static void tell_over(struct tray *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (is_over(&t->rows[i]))
			tell(&t->rows[i]);
}

static int conclude(const struct tray *t, uint64_t since)
{
	size_t by_result[PROVISION_DONE + 1] = { 0 };
	int status = t->n ? t->rows[0].status : EXIT_DONE;

	for (size_t i = 0; i < t->n; i++) {
		const struct row *r = &t->rows[i];

		by_result[r->p ? r->p->result : PROVISION_FAILED]++;
		if (r->status != status)
			status = EXIT_FAILED;
	}
	note("%zu board%s: %zu provisioned, %zu unchanged, %zu planned, %zu failed; "
	     "%.1f s",
	     t->n, t->n == 1 ? "" : "s", by_result[PROVISION_DONE],
	     by_result[PROVISION_UNCHANGED], by_result[PROVISION_PLANNED],
	     by_result[PROVISION_FAILED], (double)(now_ms() - since) / 1000);
	if (!t->how->lock && by_result[PROVISION_DONE])
		note("the keys can be read over USB; --lock switches the read "
		     "protection on");
	return interrupted ? 128 + interrupted : status;
}

/* -- rounds over the boards -------------------------------------------------------------- */

static struct row *take(struct tray *t)
{
	struct row *r = NULL;

	workers_lock();
	while (!r && t->next < t->n) {
		r = &t->rows[t->next++];
		if (is_over(r))
			r = NULL;
	}
	workers_unlock();
	return r;
}

static int work_on_row(struct tray *t, struct row *r, struct worker *w)
{
	struct dfu_settings set = worker_settings(w, false);
	struct dfu_dev *dev = NULL;
	struct dfu_error err;
	int status;

	if (dfu_open(&r->sight.board, &set, &dev, &err) < 0)
		return provision_report(r->p, &err);
	status = t->work(r, &dev);
	dfu_close(dev);
	return status;
}

static int work(struct worker *w)
{
	struct hand *hand = (struct hand *)w;
	struct row *r;

	while (!interrupted && (r = take(hand->tray)) != NULL) {
		uint64_t since = now_ms();

		workers_lock();
		snprintf(w->bar.label, sizeof(w->bar.label), "%.47s", r->sight.name);
		workers_unlock();
		r->status = work_on_row(hand->tray, r, w);
		r->ms += (unsigned)(now_ms() - since);
		if (is_over(r))
			tell(r);
	}
	return EXIT_DONE;
}

static int go_round(struct tray *t, int (*each)(struct row *row, struct dfu_dev **dev))
{
	size_t n = t->n < t->jobs ? t->n : t->jobs;
	struct hand *hands = calloc(n + 1, sizeof(*hands));
	struct worker **workers = calloc(n + 1, sizeof(struct worker *));

	t->next = 0;
	t->work = each;
	for (size_t i = 0; hands && workers && i < n; i++) {
		hands[i].worker = (struct worker){ .name = "tray", .work = work };
		hands[i].tray = t;
		workers[i] = &hands[i].worker;
	}
	if (hands && workers)
		workers_run(workers, n);
	else
		complain("no memory for %zu boards at a time", n);
	n = hands && workers;
	free(workers);
	free(hands);
	return n ? EXIT_DONE : EXIT_FAILED;
}

/* What the registry is to have is made here too, for all boards at once. */
static int look(struct row *r, struct dfu_dev **dev)
{
	int status = provisioning_look(r->p, *dev);

	if (status == EXIT_DONE && !provisioning_is_done(r->p) && r->hub &&
	    !r->p->how->dry_run)
		status = provisioning_offer(r->p, r->hub->hub);
	return status;
}

static int write_board(struct row *r, struct dfu_dev **dev)
{
	int status = provisioning_write(r->p, dev);

	r->p->over = true;
	return status;
}

/* -- identities ----------------------------------------------------------------------------- */

/* What the registry says goes back to its row. */
static void take_back(struct row *r, struct prov_bulk_row *bulk, struct prov_hub *hub)
{
	prov_device_clear(&r->p->device);
	r->p->device = bulk->device;
	bulk->device = (struct prov_device){ 0 };
	if (bulk->rc < 0)
		r->status = provision_report_prov(r->p, &bulk->error);
	else if (!bulk->done)
		r->status = provision_refuse(r->p, EXIT_FAILED, NULL,
					     "not registered: the work was cut off");
	else
		r->status = provisioning_settle(r->p, hub);
}

static int register_rows(struct tray *t, struct batch_hub *hub, struct row **rows,
			 size_t n)
{
	struct prov_bulk_row *bulk = calloc(n + 1, sizeof(*bulk));
	struct prov_error err;

	(void)t;
	if (!bulk) {
		complain("no memory for %zu devices", n);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < n; i++) {
		bulk[i].device = rows[i]->p->device;
		rows[i]->p->device = (struct prov_device){ 0 };
	}
	prov_bulk(hub->hub, PROV_BULK_ENSURE, bulk, n, 0, NULL, NULL, &err);
	for (size_t i = 0; i < n; i++)
		take_back(rows[i], &bulk[i], hub->hub);
	free(bulk);
	return EXIT_DONE;
}

static void tell_time(const struct batch_hub *hub, size_t n, const char *tier)
{
	unsigned rate = tier ? prov_tier_rate(tier) : 0;
	size_t requests = (n + PROV_BULK_MAX - 1) / PROV_BULK_MAX;

	if (rate)
		note("registering %zu device%s at %s: about %zu s, as a unit of tier %s "
		     "takes %u a minute",
		     n, n == 1 ? "" : "s", hub->place.host, n * 60 / rate + 1, tier,
		     rate);
	else
		note("registering %zu device%s at %s in %zu request%s", n,
		     n == 1 ? "" : "s", hub->place.host, requests,
		     requests == 1 ? "" : "s");
}

static int identify_at(struct tray *t, struct batch_hub *hub, const char *tier)
{
	struct row **rows = calloc(t->n + 1, sizeof(struct row *));
	int status = EXIT_DONE;
	size_t n = 0;

	for (size_t i = 0; rows && i < t->n; i++) {
		struct row *r = &t->rows[i];

		if (r->hub == hub && !is_over(r))
			rows[n++] = r;
	}
	if (n)
		tell_time(hub, n, tier);
	if (n && !interrupted)
		status = register_rows(t, hub, rows, n);
	free(rows);
	return rows ? status : EXIT_FAILED;
}

static int identify(struct tray *t, const char *tier)
{
	int status = EXIT_DONE;

	for (size_t i = 0; status == EXIT_DONE && i < t->n_hubs; i++)
		status = identify_at(t, &t->hubs[i], tier);
	for (size_t i = 0; i < t->n; i++)
		if (!t->rows[i].hub && !is_over(&t->rows[i]))
			t->rows[i].status = provisioning_identify(t->rows[i].p, NULL);
	tell_over(t);
	return status;
}

/* -- what is in the file ------------------------------------------------------------------------ */

static int open_hub(struct batch_hub *h)
{
	struct hub hub;
	int status = hubs_find(h->name, &hub);

	if (status != EXIT_DONE)
		return status;
	status = provision_place_of(&hub, &h->place);
	if (status == EXIT_DONE)
		status = hub_open(&hub, &h->hub);
	hub_clear(&hub);
	return status;
}

/* `hubs` has room for one a line. */
static int find_hub(struct tray *t, struct row *r)
{
	const char *name = r->line->hub;

	for (size_t i = 0; i < t->n_hubs; i++) {
		const char *known = t->hubs[i].name;

		if (known == name || (known && name && strcmp(known, name) == 0)) {
			r->hub = &t->hubs[i];
			return EXIT_DONE;
		}
	}
	r->hub = &t->hubs[t->n_hubs++];
	r->hub->name = name;
	return open_hub(r->hub);
}

static const struct row *same_board(const struct tray *t, const struct row *r)
{
	for (const struct row *other = t->rows; other < r; other++)
		if (other->p &&
		    strcmp(other->sight.board.selector, r->sight.board.selector) == 0)
			return other;
	return NULL;
}

static int find_board(struct tray *t, struct row *r, const char *path)
{
	static const struct provision_place none;
	const struct row *other;

	r->status = board_named(r->line->board, &r->sight);
	if (r->status != EXIT_DONE)
		return EXIT_DONE; /* a row's own misfortune */
	other = same_board(t, r);
	if (other) {
		complain("%s:%u:%u: this is the same board as in line %u", clean(path),
			 r->line->line, r->line->board_column, other->line->line);
		return EXIT_BAD_DATA;
	}
	r->p = provisioning_new(t->how, r->hub ? &r->hub->place : &none, &r->sight,
				r->line->device_id, "");
	if (r->p)
		return EXIT_DONE;
	complain("no memory to provision %zu boards", t->n);
	return EXIT_FAILED;
}

static int set_up(struct tray *t, const struct batch_line *lines, const char *path)
{
	int status = EXIT_DONE;

	t->rows = calloc(t->n + 1, sizeof(*t->rows));
	t->hubs = calloc(t->n + 1, sizeof(*t->hubs));
	if (!t->rows || !t->hubs) {
		complain("no memory for %zu boards", t->n);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < t->n; i++)
		t->rows[i].line = &lines[i];
	for (size_t i = 0; status == EXIT_DONE && i < t->n; i++)
		if (t->how->auth != PROVISION_DPS)
			status = find_hub(t, &t->rows[i]);
	for (size_t i = 0; status == EXIT_DONE && i < t->n; i++)
		status = find_board(t, &t->rows[i], path);
	return status;
}

static void tear_down(struct tray *t)
{
	for (size_t i = 0; t->rows && i < t->n; i++)
		provisioning_free(t->rows[i].p);
	for (size_t i = 0; t->hubs && i < t->n_hubs; i++)
		prov_hub_close(t->hubs[i].hub);
	free(t->rows);
	free(t->hubs);
}

static void tell_times(const struct tray *t, const char *tier)
{
	for (size_t i = 0; i < t->n_hubs; i++) {
		size_t n = 0;

		for (size_t k = 0; k < t->n; k++)
			n += t->rows[k].hub == &t->hubs[i] && !is_over(&t->rows[k]);
		if (n)
			tell_time(&t->hubs[i], n, tier);
	}
}

static void plan_only(struct tray *t, const char *tier)
{
	tell_times(t, tier);
	for (size_t i = 0; i < t->n; i++) {
		struct row *r = &t->rows[i];

		if (is_over(r))
			continue;
		r->p->result = PROVISION_PLANNED;
		snprintf(r->p->detail, sizeof(r->p->detail), "slot %c, generation %u",
			 provision_slot_letter(&r->p->plan), r->p->plan.generation);
		tell(r);
	}
}

/* Rows that nobody came to: interrupted. */
static void leave_rest(struct tray *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct row *r = &t->rows[i];

		if (r->told)
			continue;
		r->status = EXIT_FAILED;
		snprintf(r->p->detail, sizeof(r->p->detail), "left for the next run");
		tell(r);
	}
}

static int provision_tray(struct tray *t, const char *tier)
{
	uint64_t since = now_ms();
	int status;

	if (!globals.json)
		out("board,serial,device_id,result,detail\n");
	tell_over(t);
	status = go_round(t, look);
	if (t->how->dry_run)
		plan_only(t, tier);
	else if (status == EXIT_DONE && !interrupted)
		status = identify(t, tier);
	if (status == EXIT_DONE && !t->how->dry_run && !interrupted)
		status = go_round(t, write_board);
	leave_rest(t);
	return status == EXIT_DONE ? conclude(t, since) : status;
}

static int run_lines(const struct batch_line *lines, size_t n, const char *path,
		     const struct provision_how *how, unsigned jobs, const char *tier)
{
	struct tray t = { .how = how, .jobs = jobs, .n = n };
	int status = set_up(&t, lines, path);

	if (status == EXIT_DONE)
		status = provision_tray(&t, tier);
	tear_down(&t);
	return status;
}

static int malformed(const char *path, const struct csv_error *err)
{
	if (!err->line) {
		complain("%s: %s", clean(path), err->msg);
		return EXIT_FAILED;
	}
	complain("%s:%u:%u: %s\nnothing was touched", clean(path), err->line, err->column,
		 clean(err->msg));
	return EXIT_BAD_DATA;
}

int batch_run(const char *path, const struct provision_how *how, unsigned jobs,
	      const char *tier)
{
	struct batch_line *lines = NULL;
	struct csv_error err;
	struct csv csv = { 0 };
	size_t len, n;
	char *text = sys_read_file(path, FILE_BYTES_MAX, &len);
	int status;

	if (!text) {
		complain("%s: %s", clean(path), strerror(errno));
		return EXIT_USAGE;
	}
	if (len == FILE_BYTES_MAX)
		complain("%s: longer than 8 MiB", clean(path));
	if (len == FILE_BYTES_MAX)
		status = EXIT_BAD_DATA;
	else if (!csv_parse(text, len, &csv, &err) ||
		 !batch_lines(&csv, &lines, &n, &err))
		status = malformed(path, &err);
	else
		status = run_lines(lines, n, path, how, jobs, tier);
	free(lines);
	csv_free(&csv);
	free(text);
	return status;
}
