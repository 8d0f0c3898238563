/* Tails telemetry. Where it comes from is one struct source; what is done with it, another. */
#include "commands.h"
#include "event_filter.h"
#include "event_line.h"
#include "hubs.h"
#include "monitor_mqtt.h"
#include "sys.h"
#include "when.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VARIABLE   "STMIOT_EVENTHUB_CONNECTION_STRING"
#define FLUSH_AT   32768
#define SILENCE_MS 10000

static const char *since, *timeout_text, *group, *eventhub;
static uint32_t count;
static bool count_given, properties, unique;
static struct mqtt_wishes mqtt;

const struct opt monitor_options[] = {
	{ OPT_TEXT, 0, "since", "WHEN",
	  "begin with events so old: 10m, 2h, 2026-11-23T08:30Z, or all: start "
	  "(default: those that come from now on)",
	  &since, NULL, NULL },
	{ OPT_NUMBER, 'n', "count", "N", "end after so many events", &count, &count_given,
	  NULL },
	{ OPT_TEXT, 0, "timeout", "TIME",
	  "end with status 1 when so much time has passed, 90s, 10m, before --count is "
	  "reached",
	  &timeout_text, NULL, NULL },
	{ OPT_TEXT, 0, "group", "NAME", "the consumer group (default: $Default)", &group,
	  NULL, NULL },
	{ OPT_FLAG, 'p', "properties", NULL, "show the properties of events too",
	  &properties, NULL, NULL },
	{ OPT_FLAG, 0, "unique", NULL,
	  "show an event once that a device sent several times, by its message id",
	  &unique, NULL, NULL },
	{ OPT_TEXT, 0, "eventhub", "FILE",
	  "read from the Event Hub whose connection string is in this file, - is "
	  "standard input",
	  &eventhub, NULL, "file" },
	{ OPT_TEXT, 0, "mqtt", "URL",
	  "read from the broker at mqtts://HOST[:PORT], or mqtt:// without TLS",
	  &mqtt.url, NULL, NULL },
	{ OPT_LIST, 't', "topic", "FILTER",
	  "with --mqtt: these topics, '+' and '#' are wildcards; may be given several "
	  "times",
	  &mqtt.topics, NULL, NULL },
	{ OPT_CHOICE, 0, "qos", "0|1",
	  "with --mqtt: 1 has the broker keep what comes while the connection is lost "
	  "(default: 1)",
	  &mqtt.qos, NULL, NULL },
	{ OPT_TEXT, 0, "user", "NAME", "with --mqtt: the user", &mqtt.user, NULL, NULL },
	{ OPT_TEXT, 0, "password-file", "FILE|-",
	  "with --mqtt: the user's password (or STMIOT_MQTT_PASSWORD)",
	  &mqtt.password_file, NULL, "file" },
	{ OPT_TEXT, 0, "ca", "FILE",
	  "with --mqtt: trust these certificates (PEM) and no others", &mqtt.ca, NULL,
	  "file" },
	{ OPT_TEXT, 0, "cert", "FILE", "with --mqtt: our certificate (PEM)", &mqtt.cert,
	  NULL, "file" },
	{ OPT_TEXT, 0, "private-key", "FILE", "with --mqtt: the key of --cert (PEM)",
	  &mqtt.private_key, NULL, "file" },
	{ 0 },
};

/* -- what is done with events --------------------------------------------------------- */

enum ending { END_NONE, END_COUNT, END_TIMEOUT, END_CLOSED, END_NOMEM };

struct tail {
	char **names; /* of devices */
	size_t n_names;
	struct seen *seen;
	struct lines lines;
	uint64_t shown, others; /* others: left out, as their device is not named */
	uint64_t begun_ms;      /* when it was connected, 0 before */
	uint32_t timeout_s;
	bool told_silence, by_hub;
	enum ending ending;
};

static int end(struct tail *t, enum ending why)
{
	t->ending = why;
	return 1;
}

static int flush(struct tail *t)
{
	if (t->lines.failed)
		return end(t, END_NOMEM);
	if (t->lines.n)
		out_bytes(t->lines.at, t->lines.n);
	t->lines.n = 0;
	return out_closed() ? end(t, END_CLOSED) : 0;
}

static int on_event(void *ctx, const struct prov_event *event)
{
	struct tail *t = ctx;

	if (!event_from(event, t->names, t->n_names)) {
		t->others++;
		return 0;
	}
	if (t->seen && !seen_first(t->seen, event))
		return 0;
	if (globals.json)
		event_json(&t->lines, event);
	else
		event_line(&t->lines, event, properties);
	t->shown++;
	if (count_given && t->shown >= count)
		return end(t, END_COUNT);
	return t->lines.n >= FLUSH_AT ? flush(t) : 0;
}

/* A reader that went away is known before there is something to write to it. */
static bool reader_gone(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, 0) > 0 && p.revents & POLLERR;
}

/* Why nothing may come, once. */
static void tell_silence(struct tail *t)
{
	if (t->told_silence || t->shown || !(t->by_hub || t->others))
		return;
	t->told_silence = true;
	if (t->others)
		note("no event so far of what is named, %llu of others\n"
		     "names are case-sensitive, and '*' in quotes stands for anything",
		     (unsigned long long)t->others);
	else
		note("no event so far\na hub with routes sends events there, and here "
		     "only what no route takes: 'Message routing' in the portal needs a "
		     "route to the built-in endpoint 'events'");
}

static int on_idle(void *ctx)
{
	struct tail *t = ctx;
	uint64_t passed = t->begun_ms ? now_ms() - t->begun_ms : 0;

	if (flush(t) != 0)
		return 1;
	if (reader_gone())
		return end(t, END_CLOSED);
	if (t->timeout_s && passed >= (uint64_t)t->timeout_s * 1000)
		return end(t, END_TIMEOUT);
	if (passed >= sys_timeout_ms(SILENCE_MS))
		tell_silence(t);
	return 0;
}

static void format_since(const struct prov_source *s, char *to, size_t bytes)
{
	struct lines text = { .n = 0 };

	if (s->since == PROV_SINCE_TIME)
		lines_time(&text, s->since_ms);
	snprintf(to, bytes, "%s%.*s",
		 s->since == PROV_SINCE_LATEST     ? "from now on"
		 : s->since == PROV_SINCE_EARLIEST ? "since the start"
						   : "since ",
		 (int)text.n, text.at ? text.at : "");
	lines_free(&text);
}

static int on_connected(void *ctx, const struct prov_source *s)
{
	struct tail *t = ctx;
	char from[64];

	if (s->again) {
		note("connected again");
		return 0;
	}
	t->begun_ms = now_ms();
	if (!s->group) {
		note("connected: %s, topic %s, events from now on", clean(s->host),
		     clean(s->entity));
		return 0;
	}
	format_since(s, from, sizeof(from));
	note("connected: %u partition%s, group %s, events %s", s->partitions,
	     s->partitions == 1 ? "" : "s", clean(s->group), from);
	debug("events are at %s, %s", clean(s->host), clean(s->entity));
	return 0;
}

static void tell_partition(const struct prov_notice *n)
{
	int64_t behind_ms = (int64_t)time(NULL) * 1000 - n->last_ms;

	if (n->last < n->first)
		debug("partition %u: empty", n->partition);
	else
		debug("partition %u: has %lld to %lld, the last %lld s old; %llu to come",
		      n->partition, (long long)n->first, (long long)n->last,
		      (long long)(behind_ms > 0 ? behind_ms / 1000 : 0),
		      (unsigned long long)n->count);
}

static int on_notice(void *ctx, const struct prov_notice *n)
{
	struct tail *t = ctx;

	if (flush(t) != 0)
		return 1;
	switch (n->kind) {
	case PROV_NOTICE_LOST:
		note("%s; again in %u.%u s", clean(n->error->msg), n->wait_ms / 1000,
		     n->wait_ms / 100 % 10);
		break;
	case PROV_NOTICE_GAP:
		complain("partition %u: %llu events are missing, which the hub no longer "
			 "keeps",
			 n->partition, (unsigned long long)n->count);
		break;
	case PROV_NOTICE_PARTITION:
		tell_partition(n);
		break;
	}
	return 0;
}

static void on_trace(void *ctx, const char *line)
{
	(void)ctx;
	debug("%s", clean(line));
}

/* -- where they come from --------------------------------------------------------------- */

/* An Event Hubs string or a hub: what prov_events_read wants of either. */
struct source {
	struct hub hub;
	char amqp[PROV_HOST_MAX + 8]; /* "HOST:PORT", where it is not the usual one */
};

static int parse_eventhub(const char *text, const char *from, struct source *s)
{
	struct prov_error err;

	if (prov_connstr_parse(text, &s->hub.connstr, &err) < 0) {
		report_prov(from, &err);
		return EXIT_USAGE;
	}
	if (s->hub.connstr.kind == PROV_CONNSTR_EVENTHUB)
		return EXIT_DONE;
	complain("%s: this is not the connection string of an Event Hub\nit begins with "
		 "Endpoint=sb:// and ends with EntityPath=NAME; a hub is named by --hub",
		 clean(from));
	return EXIT_USAGE;
}

static int read_eventhub(struct source *s)
{
	struct prov_secret *text = NULL;
	struct prov_error err;
	int status;

	if (prov_secret_from_file(eventhub, &text, &err) < 0)
		return report_prov(NULL, &err);
	status = parse_eventhub(prov_secret_text(text), eventhub, s);
	prov_secret_free(text);
	return status;
}

static int find_source(struct source *s)
{
	const char *text = getenv(VARIABLE);
	int status;

	memset(s, 0, sizeof(*s));
	if (eventhub)
		return read_eventhub(s);
	if (!globals.hub && text && *text)
		return parse_eventhub(text, VARIABLE, s);
	status = hubs_find(NULL, &s->hub);
	if (status == EXIT_DONE)
		hub_amqp(&s->hub, s->amqp, sizeof(s->amqp));
	return status;
}

/* -- the command ------------------------------------------------------------------------- */

static void tell_timeout(const struct tail *t)
{
	char others[40] = "";

	if (t->others)
		snprintf(others, sizeof(others), ", %llu of others",
			 (unsigned long long)t->others);
	note("%llu event%s in %u s%s", (unsigned long long)t->shown,
	     t->shown == 1 ? "" : "s", t->timeout_s, others);
}

static int finish(struct tail *t, int rc, const struct prov_error *err)
{
	enum ending ending = t->ending;

	flush(t);
	switch (ending) {
	case END_COUNT:
	case END_CLOSED:
		return EXIT_DONE;
	case END_TIMEOUT:
		tell_timeout(t);
		return EXIT_FAILED;
	case END_NOMEM:
		complain("no memory for an event");
		return EXIT_FAILED;
	case END_NONE:
		break;
	}
	if (rc == PROV_ERR_CANCELLED)
		return prov_exit_status(PROV_ERR_CANCELLED);
	rc = report_prov(NULL, err);
	if (err->code == PROV_ERR_TAKEN || err->code == PROV_ERR_NOTFOUND)
		complain("--group NAME reads by that consumer group");
	return rc;
}

/* The reader that is to run, with what it wants. */
struct reading {
	const struct source *source; /* NULL: it is --mqtt */
	struct prov_events_opts events;
	struct prov_mqtt_opts mqtt;
};

static int read_events(const struct reading *r, const struct prov_listener *listener,
		       struct prov_error *err)
{
	if (r->source)
		return prov_events_read(&r->source->hub.connstr, &r->events, listener,
					err);
	return prov_mqtt_read(&r->mqtt, listener, err);
}

static int tail_source(const struct reading *r, struct tail *t)
{
	const struct prov_listener listener = {
		.connected = on_connected,
		.event = on_event,
		.idle = on_idle,
		.notice = on_notice,
		.trace = globals.verbose > 1 ? on_trace : NULL,
		.ctx = t,
		.cancel = &interrupted,
	};
	struct prov_error err = { 0 };
	int rc;

	if (unique) {
		t->seen = seen_new();
		if (!t->seen) {
			complain("no memory to remember events");
			return EXIT_FAILED;
		}
	}
	t->by_hub = r->source && r->source->hub.connstr.kind == PROV_CONNSTR_SERVICE;
	rc = read_events(r, &listener, &err);
	rc = finish(t, rc, &err);
	seen_free(t->seen);
	lines_free(&t->lines);
	return rc;
}

/* Of --since and --timeout. */
static int parse_times(struct prov_events_opts *opts, struct tail *t)
{
	if (timeout_text && !parse_duration(timeout_text, &t->timeout_s))
		return usage_error("--timeout %s: not a time such as 90s, 10m, 1h",
				   clean(timeout_text));
	if (count_given && count == 0)
		return usage_error("--count 0: from 1 on");
	if (!since)
		return EXIT_DONE;
	if (strcmp(since, "start") == 0) {
		opts->since = PROV_SINCE_EARLIEST;
		return EXIT_DONE;
	}
	opts->since = PROV_SINCE_TIME;
	if (!when_parse(since, (int64_t)time(NULL) * 1000, &opts->since_ms))
		return usage_error("--since %s: not a time such as 10m, 2h, "
				   "2026-11-23T08:30Z, nor start",
				   clean(since));
	return EXIT_DONE;
}

static int monitor_broker(struct tail *t)
{
	struct reading r = { .source = NULL };
	struct prov_secret *password = NULL;
	int status;

	if (since || group || eventhub || globals.hub)
		return usage_error("--since, --group, --eventhub and --hub are not for "
				   "--mqtt");
	status = mqtt_options(&mqtt, &r.mqtt, &password);
	if (status == EXIT_DONE)
		status = tail_source(&r, t);
	prov_secret_free(password);
	return status;
}

static int monitor_hub(const struct prov_events_opts *opts, struct tail *t)
{
	struct source s;
	struct reading r = { .source = &s, .events = *opts };
	int status;

	if (mqtt_any(&mqtt))
		return usage_error("--topic, --qos, --user, --password-file, --ca, "
				   "--cert and --private-key are for --mqtt");
	if (group && !*group)
		return usage_error("--group: a consumer group has a name");
	status = find_source(&s);
	r.events.ca_file = s.hub.ca_file;
	r.events.connect_to = *s.amqp ? s.amqp : NULL;
	if (status == EXIT_DONE)
		status = tail_source(&r, t);
	hub_clear(&s.hub);
	return status;
}

int cmd_monitor(int argc, char **argv)
{
	struct prov_events_opts opts = {
		.group = group,
		.connect_ms = sys_timeout_ms(10000),
		.answer_ms = sys_timeout_ms(30000),
		.idle_ms = sys_timeout_ms(60000),
		.no_retry = globals.no_retry,
	};
	struct tail t = { .names = argv, .n_names = (size_t)argc };
	int status = parse_times(&opts, &t);

	if (status != EXIT_DONE)
		return status;
	return mqtt.url ? monitor_broker(&t) : monitor_hub(&opts, &t);
}
