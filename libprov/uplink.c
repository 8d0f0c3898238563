#include "uplink.h"

#include "bag.h"
#include "hub.h"
#include "retry.h"
#include "secret.h"
#include "steady.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURN_MS   100
#define QUEUE_MAX 65535

static const struct prov_uplink_opts defaults = {
	.keep_alive_s = 240,
	.token_s = 3600,
	.queue = 200, /* paho looks through all that are under way, at each */
	.connect_ms = 10000,
	.timeout_ms = 60000,
	.backoff_ms = 1000,
	.backoff_max_ms = 30000,
};

static unsigned or_default(unsigned value, unsigned fallback)
{
	return value ? value : fallback;
}

static void take_opts(struct prov_uplink_opts *to, const struct prov_uplink_opts *opts)
{
	*to = *opts;
	to->keep_alive_s = or_default(opts->keep_alive_s, defaults.keep_alive_s);
	to->token_s = or_default(opts->token_s, defaults.token_s);
	to->queue = or_default(opts->queue, defaults.queue);
	to->connect_ms = or_default(opts->connect_ms, defaults.connect_ms);
	to->timeout_ms = or_default(opts->timeout_ms, defaults.timeout_ms);
	to->backoff_ms = or_default(opts->backoff_ms, defaults.backoff_ms);
	to->backoff_max_ms = or_default(opts->backoff_max_ms, defaults.backoff_max_ms);
	to->ca_file = to->connect_to = to->cert_file = to->key_file = NULL;
	to->user_agent = NULL;
}

/* -- what paho's threads tell ------------------------------------------------------- */

static void on_taken(struct mqtt_ticket *ticket)
{
	struct parcel *parcel = (struct parcel *)ticket;
	struct prov_uplink *u = parcel->uplink;

	pthread_mutex_lock(&u->lock);
	if (!parcel->taken) {
		parcel->taken = true;
		if (++u->n_taken == u->wake_at)
			pthread_cond_signal(&u->changed);
	}
	pthread_mutex_unlock(&u->lock);
}

void uplink_lost(void *ctx)
{
	struct prov_uplink *u = ctx;

	pthread_mutex_lock(&u->lock);
	u->broken = true;
	pthread_cond_signal(&u->changed);
	pthread_mutex_unlock(&u->lock);
}

/* -- the queue ---------------------------------------------------------------------- */

static struct parcel *parcel_of(const struct prov_uplink *u, uint64_t number)
{
	return &u->parcels[number % u->room];
}

unsigned prov_uplink_pending(const struct prov_uplink *uplink)
{
	return (unsigned)(uplink->next - uplink->first);
}

/* Drop what was taken, in order, and say so. */
static void collect(struct prov_uplink *u)
{
	uint64_t before = u->first;

	pthread_mutex_lock(&u->lock);
	while (u->first < u->next && parcel_of(u, u->first)->taken)
		u->first++;
	pthread_mutex_unlock(&u->lock);
	if (u->first == before)
		return;
	u->moved_ms = steady_ms();
	u->tries = 0;
	u->stats.taken = u->first - 1;
	if (u->opts.taken)
		u->opts.taken(u->opts.ctx, u->first - 1);
}

static bool publish(struct prov_uplink *u, uint64_t number)
{
	struct parcel *p = parcel_of(u, number);

	return mqtt_publish(u->mqtt, p->bytes, p->bytes + p->topic_bytes, p->len, 1,
			    &p->ticket);
}

/* All that may not have got through, in its order. */
static bool publish_again(struct prov_uplink *u)
{
	for (uint64_t n = u->first; n < u->next; n++) {
		bool taken;

		pthread_mutex_lock(&u->lock);
		taken = parcel_of(u, n)->taken;
		pthread_mutex_unlock(&u->lock);
		if (taken)
			continue;
		u->stats.again++;
		if (!publish(u, n))
			return false;
	}
	return true;
}

static int fill(struct prov_uplink *u, struct parcel *p, const struct prov_telemetry *t,
		struct prov_error *err)
{
	size_t prefix = strlen(u->login.topic), most = prefix + bag_bytes(t) + t->len;

	/* A hub would hang up without a word, again with each repeat. */
	if (bag_counted(t) > PROV_TELEMETRY_MAX)
		return fail(err, PROV_ERR_ARG,
			    "the message has %zu bytes, properties included; a hub takes "
			    "%d at most",
			    bag_counted(t), PROV_TELEMETRY_MAX);
	if (p->room < most) {
		char *bytes = realloc(p->bytes, most + most / 2);

		if (!bytes)
			return fail(err, PROV_ERR_NOMEM, "no memory for a message");
		p->bytes = bytes;
		p->room = most + most / 2;
	}
	memcpy(p->bytes, u->login.topic, prefix);
	p->topic_bytes = prefix + bag_write(t, p->bytes + prefix) + 1;
	/* A topic is a string of [MQTT] 1.5.3. */
	if (p->topic_bytes > 65536)
		return fail(err, PROV_ERR_ARG,
			    "the properties of a message are too long");
	if (t->len)
		memcpy(p->bytes + p->topic_bytes, t->body, t->len);
	p->len = t->len;
	p->taken = false;
	return 0;
}

/* -- keeping the connection --------------------------------------------------------- */

static bool cancelled(const struct prov_uplink *u)
{
	return u->opts.cancel && *u->opts.cancel;
}

/* May it be otherwise the next time? */
static bool may_pass(int rc)
{
	return rc == PROV_ERR_RESOLVE || rc == PROV_ERR_CONNECT ||
	       rc == PROV_ERR_TIMEOUT || rc == PROV_ERR_GONE || rc == PROV_ERR_TLS ||
	       rc == PROV_ERR_SERVICE;
}

static void give_up(const struct prov_uplink *u, struct prov_error *err)
{
	char words[sizeof(u->lost.msg)];

	if (!err)
		return;
	*err = u->lost;
	memcpy(words, err->msg, sizeof(words));
	if (prov_uplink_pending(u))
		snprintf(err->msg, sizeof(err->msg), "%.240s; %u message%s not taken",
			 words, prov_uplink_pending(u),
			 prov_uplink_pending(u) == 1 ? " was" : "s were");
}

/* The next try after a while, or none. */
static int put_off(struct prov_uplink *u, struct prov_error *err)
{
	unsigned ms;
	uint32_t random = 0;

	if (u->opts.no_retry || !may_pass(u->lost.code) ||
	    steady_ms() - u->moved_ms >= u->opts.timeout_ms) {
		give_up(u, err);
		return u->lost.code;
	}
	getentropy(&random, sizeof(random));
	ms = retry_backoff(u->opts.backoff_ms, u->opts.backoff_max_ms, u->tries++,
			   random);
	u->retry_ms = steady_ms() + ms;
	if (u->opts.waiting)
		u->opts.waiting(u->opts.ctx, ms, u->lost.msg);
	return 0;
}

static int reconnect(struct prov_uplink *u, struct prov_error *err)
{
	int rc = uplink_connect(u, &u->lost);

	if (rc == PROV_ERR_CANCELLED) {
		if (err)
			*err = u->lost;
		return rc;
	}
	if (rc < 0)
		return put_off(u, err);
	if (!publish_again(u))
		uplink_lost(u);
	return 0;
}

static bool is_broken(struct prov_uplink *u)
{
	bool broken;

	pthread_mutex_lock(&u->lock);
	broken = u->broken;
	pthread_mutex_unlock(&u->lock);
	return broken;
}

/*
 * What is wrong with this connection, into `lost`. One that is half-open looks like a hub
 * that takes its time: a third of what we have is for that, the rest for other connections.
 */
static int look_at(struct prov_uplink *u, int64_t now)
{
	int64_t from = u->moved_ms > u->connected_ms ? u->moved_ms : u->connected_ms;

	if (is_broken(u))
		return fail(&u->lost, PROV_ERR_GONE, "%s: the connection was lost",
			    u->login.host);
	if (now - from >= u->opts.timeout_ms / 3)
		return fail(&u->lost, PROV_ERR_TIMEOUT, "%s: did not answer in time",
			    u->login.host);
	return 0;
}

/* What is due: news of messages, a connection that is lost or about to end. */
static int turn(struct prov_uplink *u, struct prov_error *err)
{
	int64_t now = steady_ms();

	collect(u);
	if (cancelled(u))
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	if (u->first == u->next)
		u->moved_ms = now;
	if (!u->mqtt)
		return now >= u->retry_ms ? reconnect(u, err) : 0;
	if (look_at(u, now) < 0) {
		mqtt_close(u->mqtt);
		u->mqtt = NULL;
		collect(u);
		return put_off(u, err);
	}
	return u->renew_ms && now >= u->renew_ms ? reconnect(u, err) : 0;
}

/* Until `n` more are taken, something is broken, or it is time to look around. */
static void rest(struct prov_uplink *u, uint64_t n, unsigned ms)
{
	pthread_mutex_lock(&u->lock);
	u->wake_at = u->first - 1 + n;
	if (u->n_taken < u->wake_at && !u->broken)
		steady_wait(&u->changed, &u->lock, ms < TURN_MS ? ms : TURN_MS);
	u->wake_at = 0;
	pthread_mutex_unlock(&u->lock);
}

/* -- the library's own -------------------------------------------------------------- */

int prov_uplink_send(struct prov_uplink *uplink, const struct prov_telemetry *telemetry,
		     uint64_t *number, struct prov_error *err)
{
	struct prov_uplink *u = uplink;
	struct parcel *p;
	int rc = turn(u, err);

	while (rc == 0 && u->next - u->first == u->room) {
		rest(u, u->room / 4 + 1, TURN_MS);
		rc = turn(u, err);
	}
	if (rc < 0)
		return rc;
	p = parcel_of(u, u->next);
	p->ticket.acked = on_taken;
	p->uplink = u;
	rc = fill(u, p, telemetry, err);
	if (rc < 0)
		return rc;
	if (number)
		*number = u->next;
	u->stats.sent = u->next++;
	if (u->mqtt && !publish(u, u->next - 1))
		uplink_lost(u);
	return 0;
}

int prov_uplink_wait(struct prov_uplink *uplink, unsigned ms, struct prov_error *err)
{
	int64_t deadline = steady_ms() + ms;
	int rc = turn(uplink, err);

	while (rc == 0 && prov_uplink_pending(uplink) && steady_ms() < deadline) {
		rest(uplink, prov_uplink_pending(uplink),
		     (unsigned)(deadline - steady_ms()));
		rc = turn(uplink, err);
	}
	return rc;
}

void prov_uplink_stats(const struct prov_uplink *uplink, struct prov_uplink_stats *out)
{
	*out = uplink->stats;
}

int prov_uplink_open(const struct prov_connstr *connstr,
		     const struct prov_uplink_opts *opts, struct prov_uplink **out,
		     struct prov_error *err)
{
	struct prov_uplink *u = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	pthread_mutex_init(&u->lock, NULL);
	steady_cond_init(&u->changed);
	take_opts(&u->opts, opts);
	u->room = u->opts.queue < QUEUE_MAX ? u->opts.queue : QUEUE_MAX;
	u->first = u->next = 1;
	u->parcels = calloc(u->room, sizeof(*u->parcels));
	rc = u->parcels ? login_make(connstr, opts, &u->login, err)
			: fail(err, PROV_ERR_NOMEM, "no memory for %u messages", u->room);
	if (rc == 0)
		rc = uplink_connect(u, err);
	if (rc < 0) {
		prov_uplink_close(u);
		return rc;
	}
	u->moved_ms = steady_ms();
	*out = u;
	return 0;
}

void prov_uplink_close(struct prov_uplink *uplink)
{
	struct prov_uplink *u = uplink;

	if (!u)
		return;
	mqtt_close(u->mqtt);
	for (unsigned i = 0; u->parcels && i < u->room; i++)
		free(u->parcels[i].bytes);
	free(u->parcels);
	login_clear(&u->login);
	pthread_cond_destroy(&u->changed);
	pthread_mutex_destroy(&u->lock);
	free(u);
}
