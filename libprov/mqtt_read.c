/* Events from any broker of MQTT. */
#include "hub.h"
#include "inbox.h"
#include "mqtt_text.h"
#include "retry.h"
#include "secret.h"
#include "steady.h"
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURN_MS    100
#define GOODBYE_MS 2000
#define KEEP_S     60
#define IDS        65536

struct reader {
	const struct prov_mqtt_opts *opts;
	const struct prov_listener *listener;
	struct mqtt_url url;
	char client_id[32];
	char filters[512]; /* for people */
	struct mqtt *mqtt;
	struct inbox inbox;
	struct mqtt_room room;
	bool again;
	bool subscribed; /* in the session that the broker keeps */
	unsigned tries;
	int64_t idle_ms; /* when the listener had its time last */
	/*
	 * What came under each packet id, as a hash, and what this connection has brought:
	 * the broker sends it again when our acknowledgement was lost. That comes ahead of
	 * all that is new (MQTT 3.1.1, 4.6), with which what was before is over.
	 */
	uint64_t *had, *has;
	bool news;
};

/* -- events ------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const char *at = bytes;
	uint64_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
	}
	word = len;
	memcpy(&word, at, len);
	hash = (hash ^ word ^ (uint64_t)len << 56) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

/* Was it told already? */
static bool is_repeat(struct reader *r, const struct mqtt_message *m)
{
	uint64_t hash;

	if (!r->has || m->id == 0)
		return false;
	hash = mix(mix(1, m->topic, m->topic_len), m->body, m->len) | 1;
	r->has[m->id] = hash;
	r->news |= !m->repeated;
	return m->repeated && r->had[m->id] == hash;
}

/* There is a new connection: what the last one has brought may come again. */
static void expect_repeats(struct reader *r)
{
	for (size_t id = 0; r->has && id < IDS; id++)
		if (r->news || r->has[id])
			r->had[id] = r->has[id];
	if (r->has)
		memset(r->has, 0, IDS * sizeof(*r->has));
	r->news = false;
}

/* The level of the first filter that it fits, which has a '+'. */
static void find_device(const struct reader *r, const struct mqtt_message *m,
			struct prov_event *event)
{
	struct prov_bytes level;

	for (size_t i = 0; i < r->opts->n_topics && !event->device.at; i++)
		if (mqtt_filter_fits(r->opts->topics[i], m->topic, m->topic_len, &level))
			event->device = level;
}

static int tell(struct reader *r, const struct mqtt_message *m)
{
	struct prov_event event = {
		.body = { (const char *)m->body, m->len },
		.topic = { m->topic, m->topic_len },
		.enqueued_ms = unix_ms(),
		.partition = -1,
		.sequence = -1,
	};

	if (!r->listener->event || is_repeat(r, m))
		return 0;
	if (!mqtt_topic_event(m->topic, m->topic_len, &r->room, &event))
		find_device(r, m, &event);
	return r->listener->event(r->listener->ctx, &event);
}

/* -- the listener ------------------------------------------------------------------- */

static int cancelled(const struct reader *r, struct prov_error *err)
{
	if (r->listener->cancel && *r->listener->cancel)
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	return 0;
}

static int ended(struct prov_error *err)
{
	return fail(err, PROV_ERR_CANCELLED, "the listener has ended it");
}

static int idle(struct reader *r, struct prov_error *err)
{
	r->idle_ms = steady_ms();
	if (r->listener->idle && r->listener->idle(r->listener->ctx) != 0)
		return ended(err);
	return cancelled(r, err);
}

static int tell_connected(struct reader *r, struct prov_error *err)
{
	const struct prov_source source = {
		.host = r->url.host,
		.entity = r->filters,
		.since = PROV_SINCE_LATEST,
		.again = r->again,
	};

	r->again = true;
	if (r->listener->connected &&
	    r->listener->connected(r->listener->ctx, &source) != 0)
		return ended(err);
	return 0;
}

__attribute__((format(printf, 2, 3))) static void trace(const struct reader *r,
							const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	trace_line(r->listener->trace, r->listener->ctx, fmt, ap);
	va_end(ap);
}

/* -- connections -------------------------------------------------------------------- */

static void on_message(void *ctx, const struct mqtt_message *message)
{
	struct reader *r = ctx;

	inbox_put(&r->inbox, message);
}

static void on_lost(void *ctx)
{
	struct reader *r = ctx;

	inbox_lost(&r->inbox);
}

static struct mqtt_opts options(struct reader *r)
{
	return (struct mqtt_opts){
		.host = r->url.host,
		.port = r->url.port,
		.tls = r->url.tls,
		.ca_file = r->opts->ca_file,
		.cert_file = r->opts->cert_file,
		.key_file = r->opts->key_file,
		.client_id = r->client_id,
		.user = r->opts->user,
		/* A session that is kept has what comes while there is no connection. */
		.clean = r->opts->qos == 0,
		.keep_alive_s = KEEP_S,
		.connect_ms = r->opts->connect_ms ? r->opts->connect_ms : 10000,
		.in_flight = 1000,
		.cancel = r->listener->cancel,
		.message = on_message,
		.lost = on_lost,
		.ctx = r,
	};
}

/* What is likely wrong with our side, when there is no connection. */
static int say_why(const struct reader *r, int rc, struct prov_error *err)
{
	if (rc == PROV_ERR_KEY)
		return hint(err, PROV_ERR_KEY,
			    r->opts->user ? "check the user and the password"
					  : "it wants a user and a password");
	if (rc == PROV_ERR_RESOLVE)
		return hint(err, PROV_ERR_RESOLVE,
			    "check the broker's name, and that this machine has a "
			    "network and a DNS server");
	if (rc == PROV_ERR_TLS)
		return hint(err, PROV_ERR_TLS,
			    "mqtt:// is for a port of the broker without TLS");
	if (rc == PROV_ERR_GONE && !r->url.tls)
		return hint(err, PROV_ERR_GONE,
			    "mqtts:// is for a port of the broker with TLS");
	return rc;
}

static int connect_to_broker(struct reader *r, struct prov_error *err)
{
	struct mqtt_opts opts = options(r);
	bool kept = false;
	int rc;

	trace(r, "%s://%s:%u, user %s, password %s", opts.tls ? "mqtts" : "mqtt",
	      opts.host, opts.port, opts.user ? opts.user : "none",
	      r->opts->password ? "***" : "none");
	inbox_reopen(&r->inbox);
	rc = mqtt_connect(&opts, r->opts->password, &r->mqtt, &kept, err);
	if (rc < 0)
		return say_why(r, rc, err);
	expect_repeats(r);
	trace(r, "connected%s", kept ? ", with the session of before" : "");
	r->subscribed = r->subscribed && kept;
	/* What is kept has its subscriptions; to renew them brings retained messages again. */
	if (r->subscribed)
		return 0;
	rc = mqtt_subscribe(r->mqtt, r->opts->topics, r->opts->n_topics, r->opts->qos,
			    err);
	r->subscribed = rc == 0;
	return rc;
}

/* Hand on what comes until the connection is lost. */
static int read_on(struct reader *r, struct prov_error *err)
{
	int rc = 0;

	while (rc == 0) {
		size_t n = inbox_take(&r->inbox, 0);

		if (n == 0 && inbox_ended(&r->inbox))
			return fail(err, PROV_ERR_GONE, "%s: the connection was lost",
				    r->url.host);
		if (n == 0) {
			rc = idle(r, err);
			n = rc == 0 ? inbox_take(&r->inbox, TURN_MS) : 0;
		}
		for (size_t i = 0; i < n; i++) {
			if (rc == 0 && tell(r, &r->inbox.taken[i]) != 0)
				rc = ended(err);
			mqtt_message_free(&r->inbox.taken[i]);
		}
		if (rc == 0 && steady_ms() - r->idle_ms >= TURN_MS)
			rc = idle(r, err);
		r->tries = n ? 0 : r->tries;
	}
	return rc;
}

static bool is_final(int rc)
{
	return rc == PROV_ERR_CANCELLED || rc == PROV_ERR_KEY || rc == PROV_ERR_RIGHT ||
	       rc == PROV_ERR_UNTRUSTED || rc == PROV_ERR_NAME || rc == PROV_ERR_FILE ||
	       rc == PROV_ERR_NOMEM || rc == PROV_ERR_ARG;
}

/* Before the next try. */
static int wait_for_next(struct reader *r, const struct prov_error *why,
			 struct prov_error *err)
{
	struct prov_notice notice = { .kind = PROV_NOTICE_LOST, .error = why };
	const struct prov_mqtt_opts *o = r->opts;
	uint32_t random = 0;
	int64_t until;
	int rc = 0;

	getentropy(&random, sizeof(random));
	notice.wait_ms = retry_backoff(o->backoff_ms ? o->backoff_ms : 500,
				       o->backoff_max_ms ? o->backoff_max_ms : 15000,
				       r->tries++, random);
	until = steady_ms() + notice.wait_ms;
	if (r->listener->notice && r->listener->notice(r->listener->ctx, &notice) != 0)
		return ended(err);
	while (rc == 0 && steady_ms() < until) {
		usleep(1000 * (until - steady_ms() < TURN_MS
				       ? (unsigned)(until - steady_ms())
				       : TURN_MS));
		rc = idle(r, err);
	}
	return rc;
}

static int run(struct reader *r, struct prov_error *err)
{
	struct prov_error why;
	int rc = 0;

	while (rc == 0) {
		rc = connect_to_broker(r, &why);
		if (rc == 0)
			rc = tell_connected(r, &why);
		if (rc == 0)
			rc = read_on(r, &why);
		/* A thread of paho's may wait to hand on a message. */
		inbox_close(&r->inbox);
		mqtt_close(r->mqtt);
		r->mqtt = NULL;
		if (!r->again || r->opts->no_retry || is_final(rc)) {
			if (err)
				*err = why;
			return rc;
		}
		rc = wait_for_next(r, &why, err);
	}
	return rc;
}

/* The broker would keep the session of a name that is never used again. */
static void forget_session(struct reader *r)
{
	struct mqtt_opts opts = options(r);
	struct mqtt *m = NULL;

	if (r->opts->qos == 0 || !r->again)
		return;
	opts.clean = true;
	opts.cancel = NULL;
	if (opts.connect_ms > GOODBYE_MS)
		opts.connect_ms = GOODBYE_MS;
	if (mqtt_connect(&opts, r->opts->password, &m, NULL, NULL) == 0)
		mqtt_close(m);
}

/* -- the library's own -------------------------------------------------------------- */

static int check(const struct prov_mqtt_opts *opts, struct reader *r,
		 struct prov_error *err)
{
	size_t at = 0;
	int rc = mqtt_url_parse(opts->url, &r->url, err);

	if (rc == 0 && opts->n_topics == 0)
		rc = fail(err, PROV_ERR_ARG, "a broker's events need a topic");
	if (rc == 0 && (opts->qos < 0 || opts->qos > 1))
		rc = fail(err, PROV_ERR_ARG, "QoS is 0 or 1");
	if (rc == 0 && !opts->cert_file != !opts->key_file)
		rc = fail(err, PROV_ERR_ARG, "a certificate and its key go together");
	if (rc == 0 && opts->password && !opts->user)
		rc = fail(err, PROV_ERR_ARG, "a password needs a user");
	for (size_t i = 0; rc == 0 && i < opts->n_topics; i++) {
		rc = mqtt_filter_check(opts->topics[i], err);
		if (rc == 0 && at < sizeof(r->filters))
			at += (size_t)snprintf(r->filters + at, sizeof(r->filters) - at,
					       "%s%s", at ? " " : "", opts->topics[i]);
	}
	return rc;
}

static int prepare(struct reader *r, struct prov_error *err)
{
	uint64_t random = 0;

	getentropy(&random, sizeof(random));
	/* 23 characters of letters and digits are what every server takes. */
	snprintf(r->client_id, sizeof(r->client_id), "stmiot%016" PRIx64, random);
	if (r->opts->qos) {
		r->had = calloc(IDS, sizeof(*r->had));
		r->has = calloc(IDS, sizeof(*r->has));
	}
	if (!inbox_init(&r->inbox) || (r->opts->qos && (!r->had || !r->has)))
		return fail(err, PROV_ERR_NOMEM, "no memory for a broker's events");
	return 0;
}

int prov_mqtt_read(const struct prov_mqtt_opts *opts,
		   const struct prov_listener *listener, struct prov_error *err)
{
	struct reader r = { .opts = opts, .listener = listener };
	int rc = check(opts, &r, err);

	if (rc < 0)
		return rc;
	rc = prepare(&r, err);
	if (rc == 0)
		rc = run(&r, err);
	forget_session(&r);
	inbox_free(&r.inbox);
	mqtt_room_free(&r.room);
	free(r.had);
	free(r.has);
	return rc;
}
