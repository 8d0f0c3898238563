/*
 * The chip's virtual time. It is counted in cycles of HCLK, an instruction being one, so
 * that what is clocked from it (timers, SysTick, DWT) is exact; what runs from an
 * oscillator of its own (the flash's operations, LSI, LSE) gives its times in nanoseconds,
 * and keeps them when HCLK changes.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHED_NEVER  INT64_MAX
#define SCHED_EVENTS 128 /* at most so many wait at a time */

/* Lives in whoever waits; zero but for `fire` and `ctx`, it waits for nothing. */
struct sched_event {
	void (*fire)(void *ctx); /* at its time; may ask for another */
	void *ctx;
	int64_t cycle; /* when, as of the present HCLK */
	int64_t ns;    /* when, for an event in nanoseconds */
	bool in_ns;
	unsigned place; /* in the heap, from 1; 0: it does not wait */
};

struct sched {
	int64_t cycle; /* now; the processor moves it on while it runs */
	uint32_t hz;   /* of HCLK */
	int64_t base_cycle;
	int64_t base_ns; /* the time at base_cycle, when `hz` began */
	struct sched_event *heap[SCHED_EVENTS + 1];
	unsigned waiting;
};

void sched_init(struct sched *sched, uint32_t hz);

/* Nanoseconds since the chip got power. */
int64_t sched_ns(const struct sched *sched);
/* The first cycle that is not before `ns`, and the time at `cycle`. */
int64_t sched_cycle_at(const struct sched *sched, int64_t ns);
int64_t sched_ns_at(const struct sched *sched, int64_t cycle);

/* An event that waits already is moved; one in the past fires next. */
void sched_at_cycle(struct sched *sched, struct sched_event *event, int64_t cycle);
void sched_at_ns(struct sched *sched, struct sched_event *event, int64_t ns);
void sched_cancel(struct sched *sched, struct sched_event *event);
bool sched_waits(const struct sched_event *event);

/* When the next event is due, SCHED_NEVER without one. */
int64_t sched_due(const struct sched *sched);
/* Fires what is due by now, the earliest first. */
void sched_run(struct sched *sched);

/* HCLK changes: events in cycles keep their cycle, those in nanoseconds their time. */
void sched_set_hz(struct sched *sched, uint32_t hz);

#endif
