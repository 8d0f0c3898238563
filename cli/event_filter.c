#include "event_filter.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* A broker's topics and their levels are up to 65535 bytes long. */
#define FULL_BYTES (65536 + PROV_ID_MAX + 1)

static bool named(const struct prov_event *event, const char *name)
{
	struct prov_bytes sender = event->device.at ? event->device : event->topic;
	bool of_module = event->device.at && strchr(name, '/');
	char full[FULL_BYTES];
	int n = snprintf(full, sizeof(full), "%.*s%s%.*s", (int)sender.len, sender.at,
			 of_module ? "/" : "", of_module ? (int)event->module.len : 0,
			 of_module && event->module.at ? event->module.at : "");

	return n >= 0 && (size_t)n < sizeof(full) && fnmatch(name, full, 0) == 0;
}

bool event_from(const struct prov_event *event, char *const *names, size_t n)
{
	if (n == 0)
		return true;
	for (size_t i = 0; i < n && (event->device.at || event->topic.at); i++)
		if (named(event, names[i]))
			return true;
	return false;
}

/* -- seen before ------------------------------------------------------------------------ */

#define SEEN_EVENTS 65536
#define SEEN_SLOTS  (2 * SEEN_EVENTS)

/*
 * Two generations of hashes: when the younger is full, the older is forgotten. With a seed
 * of its own for each run, so that no device can choose ids that collide.
 */
struct seen {
	uint64_t seed;
	uint64_t *young, *old;
	size_t n_young;
};

struct seen *seen_new(void)
{
	struct seen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->young = calloc(SEEN_SLOTS, sizeof(s->young[0]));
	s->old = calloc(SEEN_SLOTS, sizeof(s->old[0]));
	if (!s->young || !s->old ||
	    getrandom(&s->seed, sizeof(s->seed), 0) != (ssize_t)sizeof(s->seed)) {
		seen_free(s);
		return NULL;
	}
	return s;
}

void seen_free(struct seen *s)
{
	if (!s)
		return;
	free(s->young);
	free(s->old);
	free(s);
}

/* FNV-1a over the length too, so that "a" + "bc" is not "ab" + "c"; mixed by the seed. */
static uint64_t hash(uint64_t h, struct prov_bytes bytes)
{
	h ^= bytes.len;
	h *= UINT64_C(0x100000001b3);
	for (size_t i = 0; i < bytes.len; i++) {
		h ^= (unsigned char)bytes.at[i];
		h *= UINT64_C(0x100000001b3);
		h ^= h >> 29;
	}
	return h;
}

/* Its slot, or the free one where it would be. */
static uint64_t *find(uint64_t *slots, uint64_t h)
{
	size_t i = (size_t)(h % SEEN_SLOTS);

	while (slots[i] && slots[i] != h)
		i = (i + 1) % SEEN_SLOTS;
	return &slots[i];
}

bool seen_first(struct seen *s, const struct prov_event *event)
{
	uint64_t h, *slot;

	if (!event->message_id.len)
		return true;
	h = hash(hash(hash(s->seed, event->device), event->module), event->message_id);
	h += h == 0; /* 0 is a free slot */
	slot = find(s->young, h);
	if (*slot || *find(s->old, h))
		return false;
	*slot = h;
	if (++s->n_young == SEEN_EVENTS) {
		uint64_t *young = s->old;

		s->old = s->young;
		s->young = young;
		memset(young, 0, SEEN_SLOTS * sizeof(young[0]));
		s->n_young = 0;
	}
	return true;
}
