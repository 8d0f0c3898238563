/* `device twin --watch`: what changes in a twin, a line for each value. */
#include "device.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INTERVAL_S   2
#define INTERVAL_MAX 3600
#define TIMEOUT_MAX  (366 * 86400)
#define STEP_MS      50 /* how often a signal and a closed pipe are looked for */
#define DEPTH_MAX    10 /* of a twin ("Understand and use device twins in IoT Hub") */

/* -- the difference of two twins ---------------------------------------------------- */

struct comparing {
	struct twin_change change;
	const struct json *metadata; /* of the part */
	twin_tell *tell;
	void *ctx;
	char path[2048];
};

static bool is_object(const struct json *json)
{
	char *line = json ? json_line(json) : NULL;
	bool object = line && *line == '{';

	free(line);
	return object;
}

static bool same(const struct json *a, const struct json *b)
{
	char *x = json_line(a), *y = json_line(b);
	bool equal = x && y && strcmp(x, y) == 0;

	free(x);
	free(y);
	return equal;
}

static const char *updated(const struct json *metadata)
{
	return metadata ? json_text(metadata, "$lastUpdated") : NULL;
}

static void compare(struct comparing *c, const struct json *was, const struct json *is,
		    const struct json *metadata, size_t at, int depth);

static void compare_member(struct comparing *c, const char *key, const struct json *was,
			   const struct json *is, const struct json *metadata, size_t at,
			   int depth)
{
	const struct json *mine = metadata ? json_get(metadata, key) : NULL;
	int n = snprintf(c->path + at, sizeof(c->path) - at, "%s%s", at ? "." : "", key);

	if (n < 0 || (size_t)n >= sizeof(c->path) - at)
		return;
	if (depth < DEPTH_MAX && (!was || is_object(was)) && (!is || is_object(is)) &&
	    (json_count(was) > 0 || json_count(is) > 0)) {
		compare(c, was, is, mine, at + (size_t)n, depth + 1);
	} else if (!was || !is || !same(was, is)) {
		c->change.path = c->path;
		c->change.was = was;
		c->change.is = is;
		/* What is gone has no time of its own. */
		c->change.time = updated(mine ? mine : c->metadata);
		c->tell(c->ctx, &c->change);
	}
	c->path[at] = '\0';
}

/* $metadata and $version are the hub's own. */
static void compare(struct comparing *c, const struct json *was, const struct json *is,
		    const struct json *metadata, size_t at, int depth)
{
	const char *key;
	size_t i;

	for (i = 0; i < json_count(was); i++) {
		const struct json *old = json_at(was, i, &key);

		if (*key != '$')
			compare_member(c, key, old, is ? json_get(is, key) : NULL,
				       metadata, at, depth);
	}
	for (i = 0; i < json_count(is); i++) {
		const struct json *new = json_at(is, i, &key);

		if (*key != '$' && (!was || !json_get(was, key)))
			compare_member(c, key, NULL, new, metadata, at, depth);
	}
}

static const struct json *part_of(const struct json *twin, const char *part)
{
	const struct json *properties = json_get(twin, "properties");

	if (strcmp(part, "tags") == 0)
		return json_get(twin, part);
	return properties ? json_get(properties, part) : NULL;
}

bool twin_compare(const char *was, const char *is, twin_tell *tell, void *ctx)
{
	static const char *const parts[] = { "desired", "reported", "tags" };
	struct json *old = json_parse(was, strlen(was));
	struct json *new = json_parse(is, strlen(is));
	size_t i;

	for (i = 0; old && new &&i < sizeof(parts) / sizeof(parts[0]); i++) {
		const struct json *before = part_of(old, parts[i]);
		const struct json *now = part_of(new, parts[i]);
		struct comparing c = { .tell = tell, .ctx = ctx };

		c.change.part = parts[i];
		c.metadata = now ? json_get(now, "$metadata") : NULL;
		if (now)
			json_number(now, "$version", &c.change.version);
		compare(&c, before, now, c.metadata, 0, 1);
	}
	i = old && new;
	json_free(old);
	json_free(new);
	return i;
}

/* -- telling of it ------------------------------------------------------------------- */

struct watch {
	struct prov_hub *hub;
	const char *id;
	char *last; /* the twin */
	uint32_t told, count;
	int status;
};

static bool is_over(const struct watch *w)
{
	return w->status != EXIT_DONE || (w->count > 0 && w->told >= w->count) ||
	       interrupted || out_closed();
}

static void add_value(struct json *to, const char *key, const struct json *value)
{
	char *line = value ? json_line(value) : NULL;

	json_add(to, key, json_parse(line ? line : "null", strlen(line ? line : "null")));
	free(line);
}

static void tell_json(struct watch *w, const struct twin_change *change)
{
	struct json *j = json_object();

	json_add_text(j, "time", change->time);
	json_add_text(j, "device", w->id);
	json_add_text(j, "part", change->part);
	if (change->version > 0)
		json_add_number(j, "version", change->version);
	else
		json_add_text(j, "version", NULL);
	json_add_text(j, "path", change->path);
	add_value(j, "value", change->is);
	add_value(j, "was", change->was);
	json_add_bool(j, "removed", !change->is);
	w->status = json_print_line(j);
}

static void tell(void *ctx, const struct twin_change *change)
{
	struct watch *w = ctx;
	char *value;

	if (is_over(w))
		return;
	w->told++;
	if (globals.json) {
		tell_json(w, change);
		return;
	}
	value = change->is ? json_line(change->is) : NULL;
	out("%s  %s  %s", change->time ? clean(change->time) : "-", change->part,
	    clean(change->path));
	if (change->is)
		out(" = %s\n", value ? clean(value) : "?");
	else
		out(" is gone\n");
	free(value);
}

/* -- until it is to end -------------------------------------------------------------- */

/* Throttled, or out of reach for a while: the library waits, as for any request. */
static void look(struct watch *w)
{
	struct prov_error err;
	char *now = NULL;

	if (prov_twin_get(w->hub, w->id, &now, &err) < 0) {
		w->status = report_prov("device twin", &err);
		return;
	}
	if (w->last && !twin_compare(w->last, now, tell, w)) {
		complain("device twin: what came as a twin is none");
		w->status = EXIT_BAD_DATA;
	}
	free(w->last);
	w->last = now;
}

static void pause_until(const struct watch *w, uint64_t when)
{
	while (!is_over(w) && now_ms() < when)
		poll(NULL, 0, STEP_MS);
}

static int watch(struct watch *w, uint32_t interval_s, uint32_t timeout_s)
{
	uint64_t end = timeout_s ? now_ms() + timeout_s * 1000ull : UINT64_MAX;

	look(w);
	if (w->status == EXIT_DONE)
		note("watching the twin of '%s' at %s, every %u s", clean(w->id),
		     prov_hub_host(w->hub), interval_s);
	while (!is_over(w)) {
		uint64_t next = now_ms() + interval_s * 1000ull;

		pause_until(w, next < end ? next : end);
		if (is_over(w))
			break;
		look(w);
		if (!is_over(w) && now_ms() >= end) {
			note("%u s are over", timeout_s);
			return EXIT_FAILED;
		}
	}
	return interrupted ? 128 + interrupted : w->status;
}

int device_watch(struct prov_hub *hub, const char *id)
{
	struct watch w = { .hub = hub, .id = id, .count = device_wishes.count };
	uint32_t interval_s = INTERVAL_S, timeout_s = 0;
	int status = device_take_time("interval", device_wishes.interval, 1, INTERVAL_MAX,
				      &interval_s);

	if (status == EXIT_DONE)
		status = device_take_time("timeout", device_wishes.timeout, 1,
					  TIMEOUT_MAX, &timeout_s);
	if (status == EXIT_DONE)
		status = watch(&w, interval_s, timeout_s);
	free(w.last);
	return status;
}
