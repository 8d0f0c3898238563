/*
 * What the firmware itself keeps in flash: how often it has started. The first 4 KiB of
 * sector 4 are
 *
 *     offset  bytes
 *     0x00    4      magic "STMB", programmed last
 *     0x04    4      epoch: a random number, drawn when the sector was made ready
 *     0x08    4      its complement
 *     0x0c    4      blank
 *     0x10    4080   a bit for each start since then, cleared from the lowest on
 *
 * A start counts by the last bit that is cleared, so that one that was cut off while it was
 * being cleared, and reads now so and now so, is never counted twice. When no bit is left,
 * or the flash was erased, another epoch begins.
 */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Names this start, for ever: no other start of any board with the same epoch has the same
 * number. `why` says what is wrong, or is NULL.
 */
struct store_start {
	bool named;
	uint32_t epoch;
	uint32_t boot; /* from 1; 0: it could not be kept, and has an epoch of its own */
	const char *why;
};

/* Counts this start: to be called once. Erases sector 4 when nothing of ours is in it. */
struct store_start store_begin(void);

#endif
