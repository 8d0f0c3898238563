/* prov_events_read: connected, listening, connected again. */
#include "events.h"

#include "hub.h"
#include "retry.h"
#include "steady.h"
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BREATH_MS 200

void events_trace(struct events_reader *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_line(r->listener->trace, r->listener->ctx, fmt, ap);
	va_end(ap);
}

int events_breathe(struct events_reader *r, struct prov_error *err)
{
	const struct prov_listener *l = r->listener;

	r->breathe_at = steady_ms() + BREATH_MS;
	if (l->cancel && *l->cancel)
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	if (l->idle && l->idle(l->ctx) != 0)
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	return 0;
}

static int check(const struct prov_connstr *cs, struct prov_error *err)
{
	if (cs->kind != PROV_CONNSTR_SERVICE && cs->kind != PROV_CONNSTR_EVENTHUB)
		return hint(err,
			    fail(err, PROV_ERR_ARG,
				 "events are not read with this kind of connection "
				 "string"),
			    "take the one of a policy of the hub, such as \"service\", "
			    "or the Event Hub-compatible endpoint of \"Built-in "
			    "endpoints\"");
	if (!cs->key)
		return hint(err,
			    fail(err, PROV_ERR_ARG,
				 "%s: events are read with the key of a policy that has "
				 "ServiceConnect",
				 cs->host),
			    "the built-in endpoint takes neither Entra tokens nor "
			    "ready-made ones; give a connection string with "
			    "SharedAccessKey");
	if (cs->kind == PROV_CONNSTR_EVENTHUB && !*cs->entity_path)
		return hint(err,
			    fail(err, PROV_ERR_ARG,
				 "%s: the connection string names no Event Hub",
				 cs->host),
			    "append ;EntityPath=NAME");
	return 0;
}

static void set_default(unsigned *value, unsigned otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

/* Event Hubs sign with the key's text, where hubs take what it encodes ([EH] "SAS"). */
static int take_key(struct events_reader *r, struct prov_error *err)
{
	return prov_secret_to_base64(r->connstr->key, &r->key, err);
}

static void take_opts(struct events_reader *r, const struct prov_events_opts *opts)
{
	struct prov_events_opts *o = &r->opts;

	if (opts)
		*o = *opts;
	if (!o->group)
		o->group = "$Default";
	set_default(&o->connect_ms, 10000);
	set_default(&o->answer_ms, 30000);
	set_default(&o->idle_ms, 60000);
	set_default(&o->backoff_ms, 500);
	set_default(&o->backoff_max_ms, 15000);
	set_default(&o->token_s, 3600);
	set_default(&o->credit, 1000);
	if (r->connstr->kind != PROV_CONNSTR_EVENTHUB)
		return;
	snprintf(r->place.host, sizeof(r->place.host), "%s", r->connstr->host);
	snprintf(r->place.entity, sizeof(r->place.entity), "%s", r->connstr->entity_path);
	r->place.port = r->connstr->port ? r->connstr->port : AMQP_PORT;
	r->found = true;
}

static int tell_connected(struct events_reader *r, struct prov_error *err)
{
	const struct prov_source source = { .host = r->place.host,
					    .entity = r->place.entity,
					    .group = r->opts.group,
					    .partitions = r->n_parts,
					    .since = r->opts.since,
					    .since_ms = r->opts.since_ms,
					    .again = r->connected };
	const struct prov_listener *l = r->listener;

	if (!r->connected)
		r->begun_ms = unix_ms();
	r->connected = true;
	if (l->connected && l->connected(l->ctx, &source) != 0)
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	return 0;
}

static int listen_until_lost(struct events_reader *r, struct prov_error *err)
{
	int rc = tell_connected(r, err);

	for (unsigned i = 0; i < r->n_parts && rc == 0; i++)
		amqp_credit(r->parts[i].link, r->opts.credit);
	while (rc == 0) {
		rc = events_step(r, err);
		if (rc == 0)
			rc = events_renew(r, err);
	}
	return rc;
}

/* What another attempt will not mend. */
static bool is_final(int rc)
{
	static const enum prov_err finals[] = {
		PROV_ERR_ARG,   PROV_ERR_FILE,      PROV_ERR_NOMEM, PROV_ERR_CLOCK,
		PROV_ERR_KEY,   PROV_ERR_CANCELLED, PROV_ERR_RIGHT, PROV_ERR_NAME,
		PROV_ERR_NOHUB, PROV_ERR_UNTRUSTED,
	};

	for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]); i++)
		if (rc == (int)finals[i])
			return true;
	return false;
}

/*
 * A place in a group is taken by what the service has left of our own connection, until
 * it knows that this is dead. Then it is somebody else's.
 */
static bool is_over(const struct events_reader *r, int rc, int64_t lost_ms)
{
	if (!r->connected || r->opts.no_retry || is_final(rc))
		return true;
	return rc == PROV_ERR_TAKEN &&
	       steady_ms() - lost_ms > 5 * (int64_t)r->opts.idle_ms;
}

static int wait_for(struct events_reader *r, unsigned ms, struct prov_error *err)
{
	int64_t until = steady_ms() + ms, left;
	int rc = 0;

	while (rc == 0 && (left = until - steady_ms()) > 0) {
		struct timespec nap = { 0, (left < 100 ? left : 100) * 1000000 };

		rc = events_breathe(r, err);
		if (rc == 0)
			nanosleep(&nap, NULL);
	}
	return rc;
}

static int wait_again(struct events_reader *r, unsigned tries, struct prov_error *why)
{
	struct prov_notice n = { .kind = PROV_NOTICE_LOST, .error = why };
	const struct prov_listener *l = r->listener;
	uint32_t random = 0;

	getentropy(&random, sizeof(random));
	n.wait_ms =
		retry_backoff(r->opts.backoff_ms, r->opts.backoff_max_ms, tries, random);
	if (l->notice && l->notice(l->ctx, &n) != 0)
		return fail(why, PROV_ERR_CANCELLED, "cancelled");
	return wait_for(r, n.wait_ms, why);
}

static int read_on(struct events_reader *r, struct prov_error *err)
{
	int64_t lost_ms = steady_ms();
	unsigned tries = 0;

	for (;;) {
		int rc = events_connect(r, err);

		if (rc == 0) {
			tries = 0;
			rc = listen_until_lost(r, err);
			lost_ms = steady_ms();
		} else if (r->connstr->kind == PROV_CONNSTR_SERVICE) {
			r->found = false; /* it may be elsewhere by now */
		}
		events_disconnect(r);
		if (is_over(r, rc, lost_ms))
			return rc;
		rc = wait_again(r, tries++, err);
		if (rc < 0)
			return rc;
	}
}

int prov_events_read(const struct prov_connstr *connstr,
		     const struct prov_events_opts *opts,
		     const struct prov_listener *listener, struct prov_error *err)
{
	struct events_reader *r;
	struct prov_error why = { 0 };
	int rc = check(connstr, err);

	if (rc < 0)
		return rc;
	r = calloc(1, sizeof(*r));
	if (!r)
		return fail(err, PROV_ERR_NOMEM, "no memory for a reader");
	r->connstr = connstr;
	r->listener = listener;
	take_opts(r, opts);
	rc = take_key(r, &why);
	if (rc == 0)
		rc = read_on(r, &why);
	if (err)
		*err = why;
	prov_secret_free(r->key);
	free(r);
	return rc;
}
