#include "presence.h"

#include <string.h>

#include "log.h"

/* FNV-1a, by Fowler, Noll and Vo: of the device alone, that its modules are beside it. */
static size_t bucket_of(const char *device)
{
	uint32_t hash = 2166136261u;

	for (; *device; device++)
		hash = (hash ^ (unsigned char)*device) * 16777619u;
	return hash % PRESENCE_BUCKETS;
}

static bool bears(const struct presence *presence, const char *device, const char *module)
{
	return strcmp(presence->device, device) == 0 &&
	       (!module || strcmp(presence->module, module) == 0);
}

/* Where the first such one is pointed to; NULL there when there is none. */
static struct presence **place(struct presence **at, const char *device,
			       const char *module)
{
	while (*at && !bears(*at, device, module))
		at = &(*at)->next;
	return at;
}

static void count(struct presences *all, const struct presence *presence, bool came)
{
	size_t one = came ? 1 : (size_t)-1;

	all->count += one;
	if (!*presence->module)
		all->devices += one;
	if (all->seen)
		all->seen(all->with, presence, true);
}

void presence_close(struct presences *all, const char *device, const char *module,
		    const char *why)
{
	struct presence **at = &all->buckets[bucket_of(device)];

	while (*(at = place(at, device, module))) {
		struct presence *presence = *at;

		*at = presence->next;
		count(all, presence, false);
		log_event("%s of %s%s%s is closed: %s", presence->protocol,
			  presence->device, *presence->module ? "/" : "",
			  presence->module, why);
		presence->calls->close(presence, why);
	}
}

void presence_add(struct presences *all, struct presence *presence)
{
	struct presence **bucket = &all->buckets[bucket_of(presence->device)];

	presence_close(all, presence->device, presence->module,
		       "the device has connected again (400027)");
	presence->next = *bucket;
	*bucket = presence;
	count(all, presence, true);
}

void presence_remove(struct presences *all, struct presence *presence)
{
	struct presence **at = &all->buckets[bucket_of(presence->device)];

	while (*at && *at != presence)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = presence->next;
	count(all, presence, false);
}

/* The clock may have been put back. */
bool presence_idle(const struct presence *presence, int64_t now_ms)
{
	return now_ms < presence->active_ms ||
	       now_ms - presence->active_ms >= PRESENCE_ACTIVE_MS;
}

void presence_active(struct presences *all, struct presence *presence, int64_t now_ms)
{
	if (!presence_idle(presence, now_ms))
		return;
	presence->active_ms = now_ms;
	if (all->seen)
		all->seen(all->with, presence, false);
}

struct presence *presence_find(const struct presences *all, const char *device,
			       const char *module)
{
	struct presence *presence = all->buckets[bucket_of(device)];

	return *place(&presence, device, module);
}
