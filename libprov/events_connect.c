/* From a connection string to a receiver in every partition of an Event Hub. */
#include "events.h"

#include "amqp_token.h"
#include "hub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* -- where the events are -------------------------------------------------------------- */

bool events_redirect(const char *host, const char *address, struct events_place *out)
{
	const char *scheme = strstr(address, "://"), *path = address, *colon;
	struct events_place place = { .port = AMQP_PORT };
	size_t len;

	if (scheme) {
		path = strchr(scheme + 3, '/');
		colon = memchr(scheme + 3, ':', path ? (size_t)(path - scheme - 3) : 0);
		if (!path || (colon && atoi(colon + 1) <= 0))
			return false;
		if (colon)
			place.port = (uint16_t)atoi(colon + 1);
	}
	path += *path == '/';
	len = strcspn(path, "/");
	if (!*host || !len || *path == '$' || len >= sizeof(place.entity))
		return false;
	snprintf(place.host, sizeof(place.host), "%s", host);
	memcpy(place.entity, path, len);
	*out = place;
	return true;
}

static int open_at(struct events_reader *r, const char *host, uint16_t port,
		   struct prov_error *err)
{
	const struct amqp_opts opts = {
		.tls = { host, port, r->opts.connect_to, r->opts.ca_file,
			 r->opts.connect_ms, r->listener->cancel },
		.idle_ms = r->opts.idle_ms,
	};

	events_trace(r, "AMQP to %s:%u%s%s", host, port, r->opts.connect_to ? " at " : "",
		     r->opts.connect_to ? r->opts.connect_to : "");
	return amqp_open(&opts, &r->amqp, err);
}

/* -- waiting ------------------------------------------------------------------------------- */

static int closed(struct events_reader *r, const struct amqp_fault *fault,
		  struct prov_error *err)
{
	return amqp_words(r->place.host, fault, err);
}

static int look_at_nodes(struct events_reader *r, struct prov_error *err)
{
	const struct amqp_fault *fault = r->cbs ? amqp_node_fault(r->cbs) : NULL;

	if (!fault && r->management)
		fault = amqp_node_fault(r->management);
	return fault ? closed(r, fault, err) : 0;
}

/* Until it is done, or the service has had its time for it. */
static int wait_until(struct events_reader *r, bool (*done)(struct events_reader *r),
		      const char *what, struct prov_error *err)
{
	int64_t until = steady_ms() + r->opts.answer_ms;
	int rc;

	while (!done(r)) {
		rc = events_step(r, err);
		if (rc == 0)
			rc = look_at_nodes(r, err);
		if (rc < 0)
			return rc;
		if (steady_ms() >= until)
			return hint(err,
				    fail(err, PROV_ERR_TIMEOUT,
					 "%s: no answer to %s in %u ms", r->place.host,
					 what, r->opts.answer_ms),
				    "try again; if it stays so, see the service's health "
				    "in the portal");
	}
	return 0;
}

static bool all_answered(struct events_reader *r)
{
	return r->rc < 0 || (amqp_node_waiting(r->cbs) == 0 &&
			     (!r->management || amqp_node_waiting(r->management) == 0));
}

/* -- tokens -------------------------------------------------------------------------------- */

static void token_answered(void *ctx, unsigned number, const struct amqp_answer *answer)
{
	struct events_reader *r = ctx;

	(void)number;
	if (r->rc == 0)
		r->rc = amqp_token_words(r->place.host, answer, &r->problem);
}

static int put_token(struct events_reader *r, const char *audience,
		     const struct prov_secret *key, struct prov_error *err)
{
	const struct prov_sas sas = { audience, r->connstr->policy, key,
				      (int64_t)time(NULL) + r->opts.token_s };

	events_trace(r, "put-token for %s", audience);
	r->renew_at = steady_ms() + (int64_t)r->opts.token_s * 750;
	return amqp_put_token(r->cbs, &sas, token_answered, r, err);
}

static int answered_well(struct events_reader *r, const char *what,
			 struct prov_error *err)
{
	int rc = wait_until(r, all_answered, what, err);

	if (rc == 0 && r->rc < 0) {
		rc = r->rc;
		if (err)
			*err = r->problem;
	}
	return rc;
}

/* One token for all of an Event Hub. */
static int put_event_token(struct events_reader *r, struct prov_error *err)
{
	char audience[sizeof(r->place.host) + sizeof(r->place.entity) + 8];

	snprintf(audience, sizeof(audience), "sb://%s/%s", r->place.host,
		 r->place.entity);
	return put_token(r, audience, r->key, err);
}

int events_renew(struct events_reader *r, struct prov_error *err)
{
	return steady_ms() < r->renew_at ? 0 : put_event_token(r, err);
}

/* -- the redirect -------------------------------------------------------------------------- */

static void got_nothing(void *ctx, enum amqp_reading reading,
			const struct amqp_message *message)
{
	(void)ctx;
	(void)reading;
	(void)message;
}

static bool hub_answered(struct events_reader *r)
{
	return amqp_link_state(r->asking) == AMQP_CLOSED;
}

/* The hub answers who wants to read at it with where that is ([BUILTIN]). */
static int ask_hub(struct events_reader *r, struct prov_error *err)
{
	const struct amqp_link_opts opts = { .name = "events",
					     .address = "/messages/events/$management",
					     .got = got_nothing };
	const struct amqp_fault *fault;
	int rc;

	r->asking = amqp_receiver(r->amqp, &opts);
	if (!r->asking)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	amqp_credit(r->asking, 1);
	rc = wait_until(r, hub_answered, "where its events are", err);
	if (rc < 0)
		return rc;
	fault = amqp_link_fault(r->asking);
	if (strcmp(fault->condition, "amqp:link:redirect") != 0)
		return closed(r, fault, err);
	if (!events_redirect(fault->host, fault->address, &r->place))
		return fail(err, PROV_ERR_NOHUB, "%s: does not say where its events are",
			    r->connstr->host);
	events_trace(r, "events are at %s, %s", r->place.host, r->place.entity);
	r->found = true;
	return 0;
}

static int follow_redirect(struct events_reader *r, struct prov_error *err)
{
	const char *host = r->connstr->host;
	int rc;

	snprintf(r->place.host, sizeof(r->place.host), "%s", host);
	rc = open_at(r, host, AMQP_PORT, err);
	if (rc == 0)
		rc = amqp_node_open(r->amqp, "$cbs", &r->cbs, err);
	if (rc == 0)
		rc = put_token(r, host, r->connstr->key, err);
	if (rc == 0)
		rc = answered_well(r, "a token", err);
	if (rc == 0)
		rc = ask_hub(r, err);
	events_disconnect(r);
	return rc;
}

/* -- partitions ---------------------------------------------------------------------------- */

static bool add_partition(void *ctx, struct prov_bytes id)
{
	struct events_reader *r = ctx;
	struct events_partition *p = &r->parts[r->n_parts];

	if (r->n_parts == PROV_PARTITIONS_MAX || id.len >= sizeof(p->id))
		return false;
	p->reader = r;
	snprintf(p->id, sizeof(p->id), "%.*s", (int)id.len, id.at);
	p->index = (unsigned)atoi(p->id);
	r->n_parts++;
	return true;
}

/* Its ids come as an array or a list of texts. */
static void got_hub(void *ctx, unsigned number, const struct amqp_answer *answer)
{
	struct events_reader *r = ctx;
	const struct prov_named *ids =
		prov_named_find(answer->body.at, answer->body.n, "partition_ids");

	(void)number;
	if (r->rc < 0 || answer->status != 200 || !ids) {
		token_answered(r, 0, answer);
		return;
	}
	r->n_parts = 0;
	amqp_each_text(&ids->value, add_partition, r);
}

static void got_partition(void *ctx, unsigned number, const struct amqp_answer *answer)
{
	struct events_reader *r = ctx;

	if (answer->status == 200)
		events_note_partition(&r->parts[number], &answer->body);
	else
		token_answered(r, 0, answer);
}

static int ask_partition(struct events_reader *r, unsigned i, struct prov_error *err)
{
	const struct prov_property properties[] = {
		{ "operation", "READ" },
		{ "name", r->place.entity },
		{ "type", "com.microsoft:partition" },
		{ "partition", r->parts[i].id },
	};
	const struct amqp_question q = { properties, 4, NULL, got_partition, r, i };

	return amqp_node_ask(r->management, &q, err);
}

static int learn_partitions(struct events_reader *r, struct prov_error *err)
{
	const struct prov_property properties[] = {
		{ "operation", "READ" },
		{ "name", r->place.entity },
		{ "type", "com.microsoft:eventhub" },
	};
	const struct amqp_question q = { properties, 3, NULL, got_hub, r, 0 };
	int rc;

	rc = amqp_node_open(r->amqp, "$management", &r->management, err);
	if (rc == 0)
		rc = amqp_node_ask(r->management, &q, err);
	if (rc == 0)
		rc = answered_well(r, "which partitions it has", err);
	if (rc == 0 && r->n_parts == 0)
		rc = fail(err, PROV_ERR_SERVICE, "%s: names no partitions",
			  r->place.host);
	for (unsigned i = 0; i < r->n_parts && rc == 0; i++)
		rc = ask_partition(r, i, err);
	if (rc == 0)
		rc = answered_well(r, "what its partitions have", err);
	return rc;
}

static void got_event(void *ctx, enum amqp_reading reading, const struct amqp_message *m)
{
	struct events_partition *p = ctx;
	struct events_reader *r = p->reader;
	struct prov_event event;

	if (r->stopped || r->rc < 0)
		return;
	switch (reading) {
	case AMQP_READ_MALFORMED:
		r->rc = fail(&r->problem, PROV_ERR_SERVICE,
			     "%s: partition %s has an event that is no AMQP message",
			     r->place.host, p->id);
		return;
	case AMQP_READ_NOMEM:
		r->rc = fail(&r->problem, PROV_ERR_NOMEM, "no memory for an event");
		return;
	case AMQP_READ_OK:
		break;
	}
	amqp_event_read(m, &r->room, &event);
	event.partition = (int32_t)p->index;
	if (events_advance(p, &event) && r->listener->event &&
	    r->listener->event(r->listener->ctx, &event) != 0)
		r->stopped = true;
}

static bool all_attached(struct events_reader *r)
{
	for (unsigned i = 0; i < r->n_parts; i++) {
		enum amqp_state state = amqp_link_state(r->parts[i].link);

		if (state == AMQP_CLOSED)
			return true;
		if (state == AMQP_OPENING)
			return false;
	}
	return true;
}

static int attach(struct events_reader *r, struct events_partition *p,
		  struct prov_error *err)
{
	char address[512], filter[160];
	const struct amqp_link_opts opts = { .name = p->id,
					     .address = address,
					     .filter = filter,
					     .got = got_event,
					     .ctx = p };

	events_filter(p, filter, sizeof(filter));
	snprintf(address, sizeof(address), "%s/ConsumerGroups/%s/Partitions/%s",
		 r->place.entity, r->opts.group, p->id);
	events_trace(r, "partition %s: %s", p->id, filter);
	p->link = amqp_receiver(r->amqp, &opts);
	return p->link ? 0 : fail(err, PROV_ERR_NOMEM, "no memory for a connection");
}

/* A link that the service closed: the reason is told by the first of them. */
static int look_at_links(struct events_reader *r, struct prov_error *err)
{
	for (unsigned i = 0; i < r->n_parts; i++)
		if (amqp_link_state(r->parts[i].link) == AMQP_CLOSED)
			return closed(r, amqp_link_fault(r->parts[i].link), err);
	return 0;
}

static int attach_all(struct events_reader *r, struct prov_error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < r->n_parts && rc == 0; i++)
		rc = attach(r, &r->parts[i], err);
	if (rc == 0)
		rc = wait_until(r, all_attached, "a reader of its partitions", err);
	return rc == 0 ? look_at_links(r, err) : rc;
}

int events_connect(struct events_reader *r, struct prov_error *err)
{
	int rc = 0;

	r->rc = 0;
	if (!r->found)
		rc = follow_redirect(r, err);
	if (rc == 0)
		rc = open_at(r, r->place.host, r->place.port, err);
	if (rc == 0)
		rc = amqp_node_open(r->amqp, "$cbs", &r->cbs, err);
	if (rc == 0)
		rc = put_event_token(r, err);
	if (rc == 0)
		rc = answered_well(r, "a token", err);
	if (rc == 0)
		rc = learn_partitions(r, err);
	if (rc == 0)
		rc = events_settle(r, err);
	if (rc == 0)
		rc = attach_all(r, err);
	return rc;
}

void events_disconnect(struct events_reader *r)
{
	amqp_close(r->amqp);
	amqp_node_free(r->cbs);
	amqp_node_free(r->management);
	r->amqp = NULL;
	r->cbs = r->management = NULL;
	r->asking = NULL;
	for (unsigned i = 0; i < PROV_PARTITIONS_MAX; i++)
		r->parts[i].link = NULL;
}

int events_step(struct events_reader *r, struct prov_error *err)
{
	int rc = amqp_step(r->amqp, 0, err);

	if (rc == 0 && !r->stopped && r->rc == 0 && !amqp_busy(r->amqp)) {
		rc = events_breathe(r, err);
		if (rc == 0)
			rc = amqp_step(r->amqp, 100, err);
	} else if (rc == 0 && steady_ms() >= r->breathe_at) {
		rc = events_breathe(r, err);
	}
	if (r->stopped)
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	if (r->rc < 0) {
		if (err)
			*err = r->problem;
		return r->rc;
	}
	if (rc == 0 && r->n_parts && r->parts[0].link && r->connected)
		rc = look_at_links(r, err);
	return rc == 0 ? look_at_nodes(r, err) : rc;
}
