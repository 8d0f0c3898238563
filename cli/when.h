/* Moments, as a person says them. */
#ifndef WHEN_H
#define WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * "10m" and what else parse_duration() takes: so long before `now_ms`. Or a date and time
 * (ISO 8601): "2026-11-23", "2026-11-23T08:30", with seconds, with their fraction, and with
 * "Z" or "+01:00"; without one of these it is this machine's local time. Milliseconds since
 * 1970; false when it is anything else.
 */
bool when_parse(const char *text, int64_t now_ms, int64_t *unix_ms);

#endif
