/*
 * --clock-out: the board's time in a file, for others to follow. 24 bytes, numbers in the
 * machine's own order:
 *
 *	 0	"STMICLK1"
 *	 8	int64, what a clock on the wall would say: milliseconds since 1970, UTC
 *	16	int64, milliseconds that have passed; never goes back
 *
 * It begins with the time of the machine. A file that is there is gone on with, and where
 * it is ahead of the machine stays so: who follows it sees no time go back when the board
 * starts again.
 */
#ifndef BOARD_CLOCKFILE_H
#define BOARD_CLOCKFILE_H

#include <stddef.h>

#include "clock.h"

/* How stale the file may be while the board does nothing, in real time. */
#define CLOCKFILE_NS 5000000

struct clockfile;

/* NULL: `err` says why. */
struct clockfile *clockfile_open(const char *path, const struct clock *clock, char *err,
				 size_t err_bytes);
/* Writes what time it is now; with NULL nothing. */
void clockfile_write(struct clockfile *file);
void clockfile_close(struct clockfile *file);

#endif
