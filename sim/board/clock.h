/*
 * The board's time, in nanoseconds. Everything the board does has a start and an end on
 * this one line. With CLOCK_REAL the line is the host's CLOCK_MONOTONIC; with CLOCK_NONE
 * nobody waits: the line jumps to whatever is due next. The sums are the same.
 */
#ifndef BOARD_CLOCK_H
#define BOARD_CLOCK_H

#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

enum clock_mode { CLOCK_REAL, CLOCK_NONE };

struct clock {
	enum clock_mode mode;
	int64_t jumped_ns; /* CLOCK_NONE: where the line is now */
};

void clock_init(struct clock *clock, enum clock_mode mode);
int64_t clock_now(const struct clock *clock);

/*
 * How long poll() may sleep when `due_ns` is next: -1 without end. CLOCK_NONE jumps
 * there instead and says 0.
 */
int64_t clock_sleep_ns(struct clock *clock, int64_t due_ns);

#endif
