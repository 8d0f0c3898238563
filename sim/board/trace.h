/*
 * The accesses of registers by name, for whoever watches them: a ring of bounded size
 * between the chip and one reader. Nothing is recorded, and nothing costs, without one.
 */
#ifndef BOARD_TRACE_H
#define BOARD_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/mcu.h"

struct trace;

struct trace *trace_new(void); /* NULL: no memory */
void trace_free(struct trace *trace);

/* The chip; NULL: it has no power. */
void trace_wire(struct trace *trace, struct mcu *mcu);

/*
 * From now on those of the `count` peripherals, of all with 0. False: somebody watches
 * already, there is no such peripheral, or no memory; `why` has the words.
 */
#define TRACE_WHY 120
bool trace_start(struct trace *trace, const char *const *names, size_t count,
		 char why[TRACE_WHY]);
void trace_stop(struct trace *trace);
/* It should be read before the chip goes on, or something will be lost. */
bool trace_crowded(const struct trace *trace);

/*
 * The oldest access as a JSON object, without a newline, and forgets it; {"lost":n} for
 * what there was no room for. False: there is none.
 */
#define TRACE_LINE 256
bool trace_next(struct trace *trace, char line[TRACE_LINE]);

#endif
