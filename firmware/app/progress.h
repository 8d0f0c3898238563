/*
 * May the watchdog be fed? Only when every task of the main loop has run since it last was,
 * and time has passed: a loop that hangs, one that leaves a task out, and one whose clock
 * stands still all end with a reset.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

enum task { TASK_CLOCK, TASK_CONSOLE, TASK_BUTTON, TASK_LEDS, TASKS };

struct progress {
	uint32_t done; /* a bit for each task */
	uint32_t fed_ms;
};

/* A task begins: the next start tells of it, should this one not end. */
void progress_begin(enum task task);

/* It has ended. */
void progress_end(struct progress *p, enum task task);

/* True, at most once a millisecond, when it may be fed; then all begins anew. */
bool progress_made(struct progress *p, uint32_t now_ms);

/* The task that was running when the chip was reset; NULL when that is not known. */
const char *progress_stuck(void);

#endif
