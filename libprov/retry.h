/* How long to wait before asking again: arithmetic and what servers say about it. */
#ifndef PROV_RETRY_H
#define PROV_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Exponential back-off with full jitter: anything from 0 to `first_ms` doubled `attempt`
 * times, at most `max_ms`. `random` decides.
 */
unsigned retry_backoff(unsigned first_ms, unsigned max_ms, unsigned attempt,
		       uint32_t random);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7); -1 when it is none. */
int64_t retry_date(const char *text);

/* A Retry-After header: seconds or a date. False when it is neither. */
bool retry_header(const char *text, int64_t now_unix, unsigned *ms);

/* "The request has been throttled. Wait 10 seconds and try again." */
bool retry_text(const char *text, unsigned *ms);

/* May the same request succeed later? */
bool retry_status(int status);

#endif
