/*
 * The hub's own clock, which --clock-offset may put off, or --clock replace, and how it
 * writes times.
 *
 * The file of a clock that is given is 24 bytes long and in the order of the machine:
 *
 *	 0	"STMICLK1"
 *	 8	int64, what the clock on the wall says: milliseconds since 1970, UTC
 *	16	int64, milliseconds that have passed; never goes back
 *
 * Its owner makes it whole before anybody opens it, never shortens it, and writes each of
 * the numbers with one store into its mapping, or one write(). Time passes as the owner
 * writes, and else stands still.
 */
#ifndef HUB_CLOCK_H
#define HUB_CLOCK_H

#include <stdint.h>

#define TIME_TEXT 40 /* room for any of the texts */

/* What has never happened yet, and how the hub writes that. */
#define TIME_NONE   INT64_MIN
#define CLOCK_NEVER "0001-01-01T00:00:00Z"

void clock_offset(int64_t seconds);

#define CLOCK_FILE_MAGIC "STMICLK1"
#define CLOCK_FILE_BYTES 24
#define CLOCK_NAP_MS     5

/* Follows the clock in this file from now on. NULL, or what is wrong with it. */
const char *clock_follow(const char *path);
/*
 * How long to sleep when something is due in so many milliseconds, or never, -1: as long,
 * but not longer than CLOCK_NAP_MS at a time where the clock is a given one, that may jump.
 */
int clock_nap_ms(int left_ms);

int64_t clock_unix_ms(void);
/* Runs on evenly whatever is done to the clock on the wall. */
int64_t clock_steady_ms(void);

/* 2026-11-22T15:08:08.123Z */
void clock_iso(char to[TIME_TEXT], int64_t unix_ms);
/* Sun, 22 Nov 2026 15:08:08 GMT */
void clock_http(char to[TIME_TEXT], int64_t unix_ms);
/* 11/22/2026 15:08:08, as tracking ids have it */
void clock_stamp(char to[TIME_TEXT], int64_t unix_ms);

#endif
