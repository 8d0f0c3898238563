#include "sched.h"

#include <assert.h>

#define NS_PER_S 1000000000

void sched_init(struct sched *sched, uint32_t hz)
{
	*sched = (struct sched){ .hz = hz };
}

/* -- cycles and nanoseconds ---------------------------------------------------------- */

int64_t sched_ns_at(const struct sched *sched, int64_t cycle)
{
	int64_t cycles = cycle - sched->base_cycle;
	int64_t seconds = cycles / sched->hz;

	return sched->base_ns + seconds * NS_PER_S +
	       cycles % sched->hz * NS_PER_S / sched->hz;
}

int64_t sched_ns(const struct sched *sched)
{
	return sched_ns_at(sched, sched->cycle);
}

int64_t sched_cycle_at(const struct sched *sched, int64_t ns)
{
	int64_t left = ns - sched->base_ns;
	int64_t seconds = left / NS_PER_S;

	if (left <= 0)
		return sched->base_cycle;
	return sched->base_cycle + seconds * sched->hz +
	       (left % NS_PER_S * sched->hz + NS_PER_S - 1) / NS_PER_S;
}

/* -- the heap: the earliest event is at place 1 --------------------------------------- */

static void put(struct sched *sched, unsigned place, struct sched_event *event)
{
	sched->heap[place] = event;
	event->place = place;
}

static void rise(struct sched *sched, struct sched_event *event)
{
	unsigned place = event->place;

	while (place > 1 && sched->heap[place / 2]->cycle > event->cycle) {
		put(sched, place, sched->heap[place / 2]);
		place /= 2;
	}
	put(sched, place, event);
}

static void sink(struct sched *sched, struct sched_event *event)
{
	unsigned place = event->place, child;

	while ((child = place * 2) <= sched->waiting) {
		if (child < sched->waiting &&
		    sched->heap[child + 1]->cycle < sched->heap[child]->cycle)
			child++;
		if (sched->heap[child]->cycle >= event->cycle)
			break;
		put(sched, place, sched->heap[child]);
		place = child;
	}
	put(sched, place, event);
}

static void wait_until(struct sched *sched, struct sched_event *event, int64_t cycle)
{
	event->cycle = cycle;
	if (!event->place) {
		assert(sched->waiting < SCHED_EVENTS);
		put(sched, ++sched->waiting, event);
	}
	rise(sched, event);
	sink(sched, event);
}

void sched_at_cycle(struct sched *sched, struct sched_event *event, int64_t cycle)
{
	event->in_ns = false;
	wait_until(sched, event, cycle);
}

void sched_at_ns(struct sched *sched, struct sched_event *event, int64_t ns)
{
	event->in_ns = true;
	event->ns = ns;
	wait_until(sched, event, sched_cycle_at(sched, ns));
}

void sched_cancel(struct sched *sched, struct sched_event *event)
{
	unsigned place = event->place;
	struct sched_event *last;

	if (!place)
		return;
	last = sched->heap[sched->waiting--];
	event->place = 0;
	if (last == event)
		return;
	put(sched, place, last);
	rise(sched, last);
	sink(sched, last);
}

bool sched_waits(const struct sched_event *event)
{
	return event->place != 0;
}

/* -- the run of time ----------------------------------------------------------------- */

int64_t sched_due(const struct sched *sched)
{
	return sched->waiting ? sched->heap[1]->cycle : SCHED_NEVER;
}

void sched_run(struct sched *sched)
{
	while (sched_due(sched) <= sched->cycle) {
		struct sched_event *event = sched->heap[1];

		sched_cancel(sched, event);
		event->fire(event->ctx);
	}
}

void sched_set_hz(struct sched *sched, uint32_t hz)
{
	struct sched_event *events[SCHED_EVENTS];
	unsigned count = sched->waiting;

	sched->base_ns = sched_ns(sched);
	sched->base_cycle = sched->cycle;
	sched->hz = hz;
	for (unsigned i = 0; i < count; i++)
		events[i] = sched->heap[i + 1];
	for (unsigned i = 0; i < count; i++)
		if (events[i]->in_ns)
			sched_at_ns(sched, events[i], events[i]->ns);
}
