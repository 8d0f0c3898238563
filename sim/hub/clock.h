/* The hub's own clock, which --clock-offset may put off, and how it writes times. */
#ifndef HUB_CLOCK_H
#define HUB_CLOCK_H

#include <stdint.h>

#define TIME_TEXT 40 /* room for any of the texts */

/* What has never happened yet, and how the hub writes that. */
#define TIME_NONE   INT64_MIN
#define CLOCK_NEVER "0001-01-01T00:00:00Z"

void clock_offset(int64_t seconds);

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
