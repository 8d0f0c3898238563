/*
 * The chip's time beside the board's: how far its processor may run. It is as long as the
 * board's, but where the host cannot keep up.
 */
#ifndef BOARD_PACE_H
#define BOARD_PACE_H

#include "clock.h"
#include "core/machine.h"

struct pace {
	struct clock *clock;
	int64_t epoch_ns; /* on the board's line, when the chip's time was zero */
	int64_t ran_ns;   /* on the board's line, when it ran last */
	int64_t busy_ns;  /* of the host's time, that it ran for */
};

/* From now on, whatever the chip's time is. */
void pace_start(struct pace *pace, struct clock *clock, const struct machine *machine);
/* Runs the chip up to now, as far as it can be done in some milliseconds. */
void pace_run(struct pace *pace, struct machine *machine);
/* When it wants to run again; CLOCK_NEVER. */
int64_t pace_due_ns(const struct pace *pace, struct machine *machine);

#endif
