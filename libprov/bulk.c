/* Bulk operations: requests of a hundred rows, then single ones for what is left. */
#include "body.h"
#include "crypto.h"
#include "hub.h"
#include "json.h"
#include "retry.h"
#include "secret.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PARALLEL 2

/*
 * What becomes of a row, beside what its caller sees. THROTTLED: to be sent again. LOOK:
 * it is there, but we do not know its keys. DOUBT: it is there, or not, and may be what
 * an unanswered request made. RESEND: without our keys.
 */
enum fate { OPEN, FLYING, DONE, FAILED, THROTTLED, LOOK, DOUBT, RESEND, ENDED };

struct bulk {
	struct prov_hub *hub;
	enum prov_bulk_op op;
	struct prov_bulk_row *rows;
	unsigned char *fates;
	size_t n, next;
	bool own_keys;              /* make keys here */
	struct prov_secret *random; /* bytes for keys, wiped where they were used */
	size_t random_used;
	bool stopped;
	bool no_memory; /* for the rows that are left */
	prov_bulk_done *done;
	void *ctx;
};

struct chunk {
	struct flow f;
	struct bulk *bulk;
	size_t rows[PROV_BULK_MAX], n;
	bool complained;
	size_t throttled; /* rows in the last answer, */
	unsigned wait_ms; /* and the longest wait that it asks for */
};

static void end_row(struct bulk *b, size_t i, int rc)
{
	struct prov_bulk_row *row = &b->rows[i];

	row->rc = rc;
	row->done = true;
	if (rc == 0)
		memset(&row->error, 0, sizeof(row->error));
	b->fates[i] = ENDED;
	if (b->done && b->done(b->ctx, row) != 0)
		b->stopped = true;
}

/* Codes come as names or numbers, and begin with the HTTP status as a number. */
static enum prov_err code_of(const char *code)
{
	static const struct {
		const char *name, *number;
		enum prov_err err;
	} codes[] = {
		{ "DeviceAlreadyExists", "409", PROV_ERR_EXISTS },
		{ "DeviceNotFound", "404", PROV_ERR_NOTFOUND },
		{ "PreconditionFailed", "412", PROV_ERR_CHANGED },
		{ "Throttl", "429", PROV_ERR_THROTTLED },
		{ "DeviceThrottl", "429", PROV_ERR_THROTTLED },
		{ "Quota", "403002", PROV_ERR_QUOTA },
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strncasecmp(code, codes[i].name, strlen(codes[i].name)) == 0 ||
		    strncmp(code, codes[i].number, strlen(codes[i].number)) == 0)
			return codes[i].err;
	return PROV_ERR_SERVICE;
}

static bool wants_own_keys(const char *code)
{
	return strcasestr(code, "HISCompliantKey") ||
	       strcasecmp(code, "InvalidPolicyKey") == 0;
}

static void words_row(struct prov_bulk_row *row, enum prov_err code, const char *name,
		      const char *text)
{
	switch (code) {
	case PROV_ERR_EXISTS:
		fail(&row->error, code, "the hub has a device \"%s\" already",
		     row->device.id);
		break;
	case PROV_ERR_NOTFOUND:
		fail(&row->error, code, "the hub has no device \"%s\"", row->device.id);
		break;
	case PROV_ERR_CHANGED:
		fail(&row->error, code, "the device \"%s\" was changed meanwhile",
		     row->device.id);
		break;
	case PROV_ERR_THROTTLED:
		fail(&row->error, code, "the hub is throttling \"%s\" (%s)%s%s",
		     row->device.id, name, *text ? ": " : "", text);
		hint(&row->error, code,
		     "try again in a minute; more units or a larger tier take more");
		break;
	default:
		fail(&row->error, code, "the hub refuses \"%s\" (%s)%s%s", row->device.id,
		     name, *text ? ": " : "", text);
		break;
	}
	copy_clean(row->error.service_code, sizeof(row->error.service_code), name);
}

static enum fate fate_of(const struct chunk *c, enum prov_err err, const char *code)
{
	const struct bulk *b = c->bulk;

	if (b->own_keys && wants_own_keys(code))
		return RESEND;
	switch (err) {
	case PROV_ERR_THROTTLED:
		return THROTTLED;
	case PROV_ERR_EXISTS:
		if (c->f.unsure)
			return DOUBT;
		return b->op == PROV_BULK_ENSURE ? LOOK : FAILED;
	case PROV_ERR_CHANGED:
		return b->op == PROV_BULK_UPDATE && c->f.unsure ? DOUBT : FAILED;
	case PROV_ERR_NOTFOUND:
		return b->op == PROV_BULK_DELETE && c->f.unsure ? DONE : FAILED;
	default:
		return FAILED;
	}
}

/* One row of the service's complaints. */
static void on_complaint(void *ctx, const char *id, const char *code, const char *text)
{
	struct chunk *c = ctx;
	struct bulk *b = c->bulk;
	enum prov_err err = code_of(code);
	unsigned wait_ms;
	char clean[120];

	copy_clean(clean, sizeof(clean), text);
	for (size_t k = 0; k < c->n; k++) {
		size_t i = c->rows[k];

		if (b->fates[i] != FLYING || strcmp(b->rows[i].device.id, id) != 0)
			continue;
		c->complained = true;
		words_row(&b->rows[i], err, code, clean);
		b->fates[i] = (unsigned char)fate_of(c, err, code);
		b->rows[i].existed = b->fates[i] == LOOK;
		if (b->fates[i] != THROTTLED)
			continue;
		c->throttled++;
		if (retry_text(clean, &wait_ms) && wait_ms > c->wait_ms)
			c->wait_ms = wait_ms;
	}
}

/* The whole request failed. After no answer, what was to be made is looked for. */
static void fail_chunk(struct chunk *c, int rc)
{
	bool look = c->f.unsure &&
		    (c->bulk->op == PROV_BULK_CREATE || c->bulk->op == PROV_BULK_ENSURE);

	for (size_t k = 0; k < c->n; k++) {
		struct prov_bulk_row *row = &c->bulk->rows[c->rows[k]];

		if (c->bulk->fates[c->rows[k]] != FLYING)
			continue;
		row->error = c->f.error;
		row->rc = rc;
		c->bulk->fates[c->rows[k]] = look ? DOUBT : FAILED;
	}
}

static const char *op_name(const struct bulk *b, const struct prov_device *device)
{
	switch (b->op) {
	case PROV_BULK_UPDATE:
		return device->etag[0] ? "updateIfMatchETag" : "update";
	case PROV_BULK_DELETE:
		return device->etag[0] ? "deleteIfMatchETag" : "delete";
	default:
		return "create";
	}
}

static int send_chunk(struct chunk *c)
{
	struct body_row rows[PROV_BULK_MAX];
	struct prov_secret *body = NULL;
	struct bulk *b = c->bulk;
	size_t n = 0;
	int rc;

	for (size_t k = 0; k < c->n; k++) {
		const struct prov_device *device = &b->rows[c->rows[k]].device;
		unsigned char *fate = &b->fates[c->rows[k]];

		if (*fate != OPEN && *fate != THROTTLED)
			continue;
		*fate = FLYING;
		rows[n].op = op_name(b, device);
		rows[n].device = device;
		rows[n++].auth = b->op != PROV_BULK_DELETE;
	}
	rc = body_bulk(rows, n, &body, &c->f.error);
	if (rc < 0)
		return rc;
	c->f.needs = RIGHT_REGISTRY_WRITE;
	flow_target(&c->f, "POST", "/devices", "", "");
	flow_body(&c->f, body);
	return FLOW_SEND;
}

/* The rows with the one fate get the other. */
static void turn(struct chunk *c, enum fate from, enum fate to)
{
	unsigned char *fates = c->bulk->fates;

	for (size_t k = 0; k < c->n; k++)
		if (fates[c->rows[k]] == from)
			fates[c->rows[k]] = (unsigned char)to;
}

/* Send the rows again that were throttled, as a whole request would be. */
static int repeat_rows(struct chunk *c)
{
	unsigned header_ms = 0;
	int rc;

	fail(&c->f.error, PROV_ERR_THROTTLED, "%s is throttling %zu of %zu devices",
	     c->f.hub->host, c->throttled, c->n);
	if (answer_wait(&c->f.call, &header_ms) && header_ms > c->wait_ms)
		c->wait_ms = header_ms;
	if (!flow_wait(&c->f, c->wait_ms)) {
		turn(c, THROTTLED, FAILED);
		return 0;
	}
	rc = send_chunk(c);
	return rc == FLOW_SEND ? FLOW_WAIT : rc;
}

/* 200, or 400 when some rows failed: the same form. */
static int chunk_next(struct flow *f)
{
	struct chunk *c = (struct chunk *)f;
	struct prov_error err;
	int rc;

	if (!f->started)
		return send_chunk(c);
	if (f->rc < 0 && (f->call.rc < 0 || f->call.status != 400))
		return f->rc;
	c->complained = false;
	c->throttled = c->wait_ms = 0;
	rc = json_read_bulk(f->call.text, on_complaint, c, &err);
	if (f->rc < 0 && rc != PROV_ERR_NOMEM && (rc < 0 || !c->complained))
		return f->rc;
	if (rc < 0) {
		f->error = err;
		return rc;
	}
	turn(c, FLYING, DONE);
	return c->throttled ? repeat_rows(c) : 0;
}

/* The generator takes as long for one key as for those of a whole request. */
static int make_key(struct bulk *b, struct prov_secret **key, struct prov_error *err)
{
	const size_t all = (size_t)2 * PROV_BULK_MAX * CRYPTO_SHA256_BYTES;
	uint8_t *next;
	int rc;

	if (!b->random || b->random_used == all) {
		prov_secret_free(b->random);
		b->random = NULL;
		b->random_used = 0;
		rc = prov_secret_random(all, &b->random, err);
		if (rc < 0)
			return rc;
	}
	next = secret_room(b->random) + b->random_used;
	b->random_used += CRYPTO_SHA256_BYTES;
	rc = prov_secret_new(next, CRYPTO_SHA256_BYTES, key, err);
	explicit_bzero(next, CRYPTO_SHA256_BYTES);
	return rc;
}

static int make_keys(struct bulk *b, struct prov_device *d, struct prov_error *err)
{
	int rc = make_key(b, &d->primary_key, err);

	return rc < 0 ? rc : make_key(b, &d->secondary_key, err);
}

/* May this row be sent at all? Its keys are made here. */
static int ready_row(struct bulk *b, struct prov_bulk_row *row)
{
	struct prov_device *d = &row->device;
	int rc = prov_device_id_check(d->id, &row->error);
	bool creates = b->op == PROV_BULK_CREATE || b->op == PROV_BULK_ENSURE;

	if (rc == 0 && b->op == PROV_BULK_UPDATE && d->auth == PROV_AUTH_SAS &&
	    (!d->primary_key || !d->secondary_key))
		rc = fail(&row->error, PROV_ERR_ARG,
			  "an update of \"%s\" without its two keys would lose them",
			  d->id);
	if (rc == 0 && creates && b->own_keys && d->auth == PROV_AUTH_SAS &&
	    !d->primary_key)
		rc = make_keys(b, d, &row->error);
	return rc;
}

static struct flow *chunk_more(void *ctx)
{
	struct bulk *b = ctx;
	struct chunk *c;

	if (b->stopped || b->next == b->n)
		return NULL;
	c = calloc(1, sizeof(*c));
	b->no_memory = !c;
	if (!c)
		return NULL;
	c->bulk = b;
	c->f.next = chunk_next;
	for (; b->next < b->n && c->n < PROV_BULK_MAX; b->next++) {
		int rc;

		if (b->fates[b->next] != OPEN)
			continue;
		rc = ready_row(b, &b->rows[b->next]);
		if (rc < 0)
			end_row(b, b->next, rc);
		else
			c->rows[c->n++] = b->next;
	}
	if (c->n)
		return &c->f;
	free(c);
	return NULL;
}

/* Only the service knows the keys that it made. */
static bool asks_for_keys(const struct bulk *b, const struct prov_device *device)
{
	return (b->op == PROV_BULK_CREATE || b->op == PROV_BULK_ENSURE) &&
	       device->auth == PROV_AUTH_SAS && !device->primary_key;
}

static int chunk_ended(void *ctx, struct flow *f, int rc)
{
	struct bulk *b = ctx;
	struct chunk *c = (struct chunk *)f;

	if (rc < 0 && rc != PROV_ERR_CANCELLED)
		fail_chunk(c, rc);
	for (size_t k = 0; k < c->n; k++) {
		size_t i = c->rows[k];

		if (b->fates[i] == DONE && asks_for_keys(b, &b->rows[i].device))
			b->fates[i] = LOOK;
		else if (b->fates[i] == DONE)
			end_row(b, i, 0);
		else if (b->fates[i] == FAILED)
			end_row(b, i, b->rows[i].error.code);
	}
	flow_clear(f);
	free(c);
	return b->stopped;
}

static int run_chunks(struct bulk *b, unsigned parallel, struct prov_error *err)
{
	b->next = 0;
	return hub_run(b->hub, &(struct flow_source){ chunk_more, chunk_ended, b },
		       parallel, err);
}

/* -- what is left
 * --------------------------------------------------------------------------- */

/* Without keys of its own a row cannot be known again: X.509 goes by the thumbprint. */
static bool has_keys(const struct prov_device *want, const struct prov_device *is)
{
	if (want->auth == PROV_AUTH_SELFSIGNED)
		return strcasecmp(want->primary_thumbprint, is->primary_thumbprint) == 0;
	return want->primary_key && prov_secret_equal(want->primary_key, is->primary_key);
}

/* Is it what an update was to make of it? */
static bool is_as_sent(const struct prov_device *want, const struct prov_device *is)
{
	if (want->auth != is->auth || want->disabled != is->disabled ||
	    strcmp(want->status_reason, is->status_reason) != 0)
		return false;
	if (want->auth == PROV_AUTH_SAS)
		return prov_secret_equal(want->primary_key, is->primary_key) &&
		       prov_secret_equal(want->secondary_key, is->secondary_key);
	return strcasecmp(want->primary_thumbprint, is->primary_thumbprint) == 0 &&
	       strcasecmp(want->secondary_thumbprint, is->secondary_thumbprint) == 0;
}

static void judge_row(struct bulk *b, size_t i, struct prov_job *job)
{
	struct prov_bulk_row *row = &b->rows[i];
	bool others = b->fates[i] == DOUBT && !has_keys(&row->device, &job->result);

	if (job->rc == PROV_ERR_NOTFOUND) {
		end_row(b, i, row->error.code);
		return;
	}
	if (job->rc < 0) {
		row->error = job->error;
		end_row(b, i, job->rc);
		return;
	}
	if (b->op == PROV_BULK_UPDATE && !is_as_sent(&row->device, &job->result)) {
		end_row(b, i, row->error.code);
		return;
	}
	if (b->op == PROV_BULK_CREATE && others) {
		words_row(row, PROV_ERR_EXISTS, "DeviceAlreadyExists", "");
		end_row(b, i, PROV_ERR_EXISTS);
		return;
	}
	if (job->result.auth != row->device.auth) {
		fail(&row->error, PROV_ERR_REFUSED,
		     "the device \"%s\" is there already, with authentication %s",
		     row->device.id, prov_auth_name(job->result.auth));
		end_row(b, i, PROV_ERR_REFUSED);
		return;
	}
	row->existed |= others && b->op == PROV_BULK_ENSURE;
	prov_device_clear(&row->device);
	row->device = job->result;
	memset(&job->result, 0, sizeof(job->result));
	end_row(b, i, 0);
}

struct look {
	struct bulk *bulk;
	struct prov_job *jobs;
	size_t *rows;
};

static int look_done(void *ctx, struct prov_job *job)
{
	struct look *look = ctx;

	judge_row(look->bulk, look->rows[job - look->jobs], job);
	return look->bulk->stopped;
}

/* Fetch the rows with the fates LOOK and DOUBT one by one. */
static int look_at_rows(struct bulk *b, struct prov_error *err)
{
	struct look look = { .bulk = b };
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < b->n; i++)
		n += b->fates[i] == LOOK || b->fates[i] == DOUBT;
	if (n == 0 || b->stopped)
		return 0;
	look.jobs = calloc(n, sizeof(*look.jobs));
	look.rows = calloc(n, sizeof(*look.rows));
	if (!look.jobs || !look.rows) {
		rc = fail(err, PROV_ERR_NOMEM, "no memory for %zu devices", n);
		goto out;
	}
	n = 0;
	for (size_t i = 0; i < b->n; i++) {
		if (b->fates[i] != LOOK && b->fates[i] != DOUBT)
			continue;
		look.jobs[n].op = PROV_OP_GET;
		look.jobs[n].id = b->rows[i].device.id;
		look.rows[n++] = i;
	}
	rc = prov_run(b->hub, look.jobs, n, 0, look_done, &look, err);
	prov_jobs_clear(look.jobs, n);
out:
	free(look.jobs);
	free(look.rows);
	return rc;
}

/* This hub makes its keys itself: create again without, then ask for them. */
static int resend_rows(struct bulk *b, unsigned parallel, struct prov_error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->fates[i] != RESEND)
			continue;
		prov_secret_free(b->rows[i].device.primary_key);
		prov_secret_free(b->rows[i].device.secondary_key);
		b->rows[i].device.primary_key = b->rows[i].device.secondary_key = NULL;
		b->fates[i] = OPEN;
		n++;
	}
	if (n == 0 || b->stopped)
		return 0;
	b->own_keys = false;
	return run_chunks(b, parallel, err);
}

/* The first failure of a row is the whole's, unless the whole has its own. */
static int sum_up(struct bulk *b, int rc, struct prov_error *err)
{
	for (size_t i = 0; i < b->n; i++) {
		struct prov_bulk_row *row = &b->rows[i];

		if (!row->done && row->rc == 0 && b->no_memory)
			row->rc = fail(&row->error, PROV_ERR_NOMEM,
				       "no memory for a request");
		else if (!row->done && row->rc == 0)
			row->rc = fail(&row->error, PROV_ERR_CANCELLED, "not begun");
		if (rc == 0 && row->rc < 0) {
			rc = row->rc;
			if (err)
				*err = row->error;
		}
	}
	return rc;
}

int prov_bulk(struct prov_hub *hub, enum prov_bulk_op op, struct prov_bulk_row *rows,
	      size_t n, unsigned parallel, prov_bulk_done *done, void *ctx,
	      struct prov_error *err)
{
	struct bulk b = { .hub = hub,
			  .op = op,
			  .rows = rows,
			  .n = n,
			  .own_keys = true,
			  .done = done,
			  .ctx = ctx };
	int rc, more;

	b.fates = calloc(n ? n : 1, 1);
	if (!b.fates)
		return fail(err, PROV_ERR_NOMEM, "no memory for %zu devices", n);
	for (size_t i = 0; i < n; i++) {
		rows[i].rc = 0;
		rows[i].done = rows[i].existed = false;
		memset(&rows[i].error, 0, sizeof(rows[i].error));
	}
	parallel = parallel ? parallel : PARALLEL;
	rc = run_chunks(&b, parallel, err);
	if (rc != PROV_ERR_CANCELLED) {
		/* A failure that its rows have outlived is none. */
		rc = resend_rows(&b, parallel, err);
		more = look_at_rows(&b, err);
		b.no_memory |= more == PROV_ERR_NOMEM;
		rc = rc ? rc : more;
	}
	prov_secret_free(b.random);
	free(b.fates);
	return sum_up(&b, rc == PROV_ERR_CANCELLED ? rc : 0, err);
}

unsigned prov_tier_rate(const char *tier)
{
	static const struct {
		const char *tier;
		unsigned per_minute;
	} rates[] = {
		{ "F1", 100 }, { "B1", 100 },  { "S1", 100 },  { "B2", 100 },
		{ "S2", 100 }, { "B3", 5000 }, { "S3", 5000 },
	};

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		if (strcasecmp(rates[i].tier, tier) == 0)
			return rates[i].per_minute;
	return 0;
}
