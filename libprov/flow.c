/* Flows of requests: sent, repeated with waits between, many at a time. */
#include "base64.h"
#include "crypto.h"
#include "hub.h"
#include "retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum state { IDLE, RUNNING, WAITING };

#define CANCEL_MS 100 /* how often `cancel` is looked at */

struct engine {
	struct prov_hub *hub;
	const struct flow_source *source;
	struct flow *active; /* by `link` */
	unsigned n_active, parallel;
	bool stop; /* start no further ones */
	int rc;
	struct prov_error *err;
};

void flow_target(struct flow *f, const char *method, const char *folder, const char *id,
		 const char *tail)
{
	char encoded[PERCENT_BYTES(PROV_ID_MAX)];

	percent_encode(id, encoded);
	snprintf(f->target, sizeof(f->target), "%s%s%s?api-version=" API_VERSION, folder,
		 encoded, tail);
	prov_secret_free(f->body);
	f->body = NULL;
	f->call.method = method;
	f->call.target = f->target;
	f->call.body = NULL;
	f->call.if_match = NULL;
}

void flow_body(struct flow *f, struct prov_secret *body)
{
	prov_secret_free(f->body);
	f->body = body;
	f->call.body = body;
}

void flow_match(struct flow *f, const char *etag)
{
	snprintf(f->if_match, sizeof(f->if_match), "\"%s\"", etag ? etag : "*");
	f->call.if_match = f->if_match;
}

void flow_clear(struct flow *f)
{
	http_clear(&f->call);
	prov_secret_free(f->body);
	f->body = NULL;
	f->call.body = NULL;
}

static void remove_active(struct engine *e, struct flow *f)
{
	struct flow **p = &e->active;

	while (*p != f)
		p = &(*p)->link;
	*p = f->link;
	e->n_active--;
}

/* These fail for all alike. */
static bool is_fatal(int rc)
{
	return rc == PROV_ERR_KEY || rc == PROV_ERR_EXPIRED || rc == PROV_ERR_CLOCK ||
	       rc == PROV_ERR_UNTRUSTED || rc == PROV_ERR_NAME ||
	       rc == PROV_ERR_RESOLVE || rc == PROV_ERR_NOHUB || rc == PROV_ERR_RIGHT ||
	       rc == PROV_ERR_PROXY || rc == PROV_ERR_CANCELLED || rc == PROV_ERR_FILE;
}

static void end_flow(struct engine *e, struct flow *f, int rc)
{
	if (f->state != IDLE)
		http_stop(e->hub->pool, &f->call);
	remove_active(e, f);
	if (rc < 0 && e->rc == 0) {
		e->rc = rc;
		if (e->err)
			*e->err = f->error;
	}
	if (is_fatal(rc))
		e->stop = true;
	if (e->source->ended(e->source->ctx, f, rc) != 0)
		e->stop = true;
}

static void advance(struct engine *e, struct flow *f);

/* Put the flow's call on its way. */
static void send_call(struct engine *e, struct flow *f)
{
	struct prov_hub *hub = e->hub;
	int64_t left = f->deadline_ms - steady_ms();
	int rc = hub_authorize(hub, false, &f->error);

	f->call.authorization = hub->authorization;
	f->call.timeout_ms = hub->opts.request_ms;
	if (left < (int64_t)f->call.timeout_ms)
		f->call.timeout_ms = left > 1 ? (unsigned)left : 1;
	f->call.owner = f;
	f->call.fresh = f->once;
	if (rc == 0)
		rc = http_start(hub->pool, &f->call, &f->error);
	if (rc < 0) {
		f->state = IDLE;
		f->rc = rc;
		end_flow(e, f, rc);
		return;
	}
	hub_trace(hub, "%s %s", f->call.method, f->target);
	f->state = RUNNING;
	f->tries++;
	hub->stats.requests++;
}

/* Ask the flow what comes next. */
static void advance(struct engine *e, struct flow *f)
{
	int rc = f->next(f);

	f->started = true;
	if (rc == FLOW_WAIT)
		return;
	f->state = IDLE;
	if (rc != FLOW_SEND) {
		end_flow(e, f, rc);
		return;
	}
	f->tries = 0;
	f->rc = 0;
	f->unsure = false;
	f->asked = 0;
	send_call(e, f);
}

/* A connection that nobody took is tried again only where somebody has answered before.
 */
static bool repeats(const struct prov_hub *hub, const struct flow *f)
{
	switch (f->call.rc) {
	case 0:
		return retry_status(f->call.status) &&
		       !(f->once && f->call.status != 429);
	case PROV_ERR_RESOLVE:
		return f->tries < 2 || hub->answered;
	case PROV_ERR_CONNECT:
		return !f->call.slow && (f->tries < 4 || hub->answered);
	case PROV_ERR_TIMEOUT:
	case PROV_ERR_GONE:
		return !(f->once && f->call.sent);
	case PROV_ERR_TLS:
		return hub->answered;
	default:
		return false;
	}
}

/* Put off what the flow has to send; without a wait that was asked for it is a guess. */
static bool put_off(struct flow *f, const unsigned *asked_ms)
{
	struct prov_hub *hub = f->hub;
	uint32_t random = 0;
	unsigned ms;

	(void)crypto_random(&random, sizeof(random), NULL);
	ms = retry_backoff(hub->opts.backoff_ms, hub->opts.backoff_max_ms,
			   asked_ms ? 0 : f->tries, random);
	if (asked_ms)
		ms += *asked_ms;
	if (steady_ms() + ms >= f->deadline_ms)
		return false;
	f->state = WAITING;
	f->wake_ms = steady_ms() + ms;
	hub->stats.retries++;
	hub->stats.wait_ms += ms;
	hub_trace(hub, "waiting %u ms: %s", ms, f->error.msg);
	if (hub->opts.waiting)
		hub->opts.waiting(hub->opts.ctx, ms, f->error.msg);
	return true;
}

/* All that share the hub wait, and do not come back at the same moment. */
static void hold(struct prov_hub *hub, unsigned ms)
{
	if (hub->hold_ms < steady_ms() + ms)
		hub->hold_ms = steady_ms() + ms;
}

bool flow_wait(struct flow *f, unsigned asked_ms)
{
	if (f->hub->opts.no_retry)
		return false;
	hold(f->hub, asked_ms);
	return put_off(f, asked_ms ? &asked_ms : NULL);
}

/* True when the flow now waits to try again. */
static bool try_again(struct prov_hub *hub, struct flow *f)
{
	bool asked;
	unsigned ms;

	if (hub->opts.no_retry || !repeats(hub, f))
		return false;
	asked = f->call.rc == 0 && answer_wait(&f->call, &ms);
	if (asked && f->call.status == 429)
		hold(hub, ms);
	return put_off(f, asked ? &ms : NULL);
}

/* A token may have been revoked or have run out: a command gives another one, once. */
static bool renew(struct engine *e, struct flow *f)
{
	if (f->call.rc != 0 || f->call.status != 401 || !e->hub->token_command ||
	    f->renewed)
		return false;
	f->renewed = true;
	return hub_authorize(e->hub, true, NULL) == 0;
}

/* What came of the flow's call, or did not. */
static void note_answer(struct prov_hub *hub, struct flow *f)
{
	const struct http_call *c = &f->call;

	hub->stats.connections += c->connects;
	if (c->rc == 0) {
		hub->answered = true;
		hub_learn_clock(hub, c);
		rights_learn(f);
		hub_trace(hub, "%d after %" PRId64 " ms", c->status, c->took_ms);
	} else {
		hub_trace(hub, "no answer: %s", c->error.msg);
	}
}

static void judge_answer(struct flow *f)
{
	const struct http_call *c = &f->call;

	f->doubt = false;
	f->rc = c->rc;
	if (c->rc < 0)
		f->error = c->error;
	else if (!answer_is_good(c))
		f->rc = answer_words(f);
	/* After a 5xx too nobody knows. */
	if ((c->rc != 0 && c->sent) || c->sends > 1 || (c->rc == 0 && c->status >= 500))
		f->unsure = true;
}

static void call_ended(struct engine *e, struct flow *f)
{
	note_answer(e->hub, f);
	if (!f->asking) {
		judge_answer(f);
		if (renew(e, f)) {
			send_call(e, f);
			return;
		}
		if (f->rc < 0 && try_again(e->hub, f))
			return;
	}
	if ((f->asking || f->doubt) && rights_ask(f))
		send_call(e, f);
	else
		advance(e, f);
}

static void start_more(struct engine *e)
{
	while (!e->stop && e->n_active < e->parallel) {
		struct flow *f = e->source->more(e->source->ctx);

		if (!f) {
			e->stop = true;
			return;
		}
		f->hub = e->hub;
		f->deadline_ms = steady_ms() + e->hub->opts.timeout_ms;
		f->link = e->active;
		e->active = f;
		e->n_active++;
		advance(e, f);
	}
}

/* Send what has waited long enough; how long until the next one. */
static unsigned wake(struct engine *e)
{
	int64_t now = steady_ms();
	unsigned ms = CANCEL_MS;
	struct flow *next;

	for (struct flow *f = e->active; f; f = next) {
		int64_t at = f->wake_ms;

		next = f->link;
		if (f->state != WAITING)
			continue;
		if (at <= now)
			send_call(e, f);
		else if (at - now < ms)
			ms = (unsigned)(at - now);
	}
	return ms;
}

static void cancel_all(struct engine *e)
{
	e->stop = true;
	while (e->active) {
		struct flow *f = e->active;

		fail(&f->error, PROV_ERR_CANCELLED, "cancelled");
		end_flow(e, f, PROV_ERR_CANCELLED);
	}
	e->rc = fail(e->err, PROV_ERR_CANCELLED, "cancelled");
}

int hub_run(struct prov_hub *hub, const struct flow_source *source, unsigned parallel,
	    struct prov_error *err)
{
	struct engine e = {
		.hub = hub, .source = source, .parallel = parallel, .err = err
	};

	for (;;) {
		struct http_call *call;
		unsigned ms;

		if (hub->opts.cancel && *hub->opts.cancel) {
			cancel_all(&e);
			break;
		}
		if (hub->hold_ms <= steady_ms() || e.n_active == 0)
			start_more(&e);
		if (!e.active)
			break;
		ms = wake(&e);
		/* It may have ended the last one. */
		call = e.active ? http_next(hub->pool, ms) : NULL;
		if (call)
			call_ended(&e, call->owner);
	}
	return e.rc;
}

int flow_single(struct flow *f)
{
	return f->started ? f->rc : FLOW_SEND;
}

struct single {
	struct flow *f;
	int rc;
};

static struct flow *single_more(void *ctx)
{
	struct single *s = ctx;
	struct flow *f = s->f;

	s->f = NULL;
	return f;
}

static int single_ended(void *ctx, struct flow *f, int rc)
{
	struct single *s = ctx;

	(void)f;
	s->rc = rc;
	return 0;
}

int hub_do(struct prov_hub *hub, struct flow *f, struct prov_error *err)
{
	struct single s = { f, 0 };
	int rc = hub_run(hub, &(struct flow_source){ single_more, single_ended, &s }, 1,
			 err);

	return s.rc ? s.rc : rc;
}
