#include "clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic int64_t offset_ms; /* threads ask while another sets it */

void clock_offset(int64_t seconds)
{
	offset_ms = seconds * 1000;
}

static int64_t read_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_unix_ms(void)
{
	return read_ms(CLOCK_REALTIME) + offset_ms;
}

int64_t clock_steady_ms(void)
{
	return read_ms(CLOCK_MONOTONIC);
}

static struct tm split(int64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm utc = { .tm_mday = 1 };

	gmtime_r(&seconds, &utc);
	return utc;
}

void clock_iso(char to[TIME_TEXT], int64_t unix_ms)
{
	struct tm utc = split(unix_ms);
	size_t len;

	if (unix_ms == TIME_NONE) {
		strcpy(to, CLOCK_NEVER);
		return;
	}
	len = strftime(to, TIME_TEXT, "%FT%T", &utc);
	snprintf(to + len, TIME_TEXT - len, ".%03uZ", (unsigned)(unix_ms % 1000) % 1000);
}

void clock_http(char to[TIME_TEXT], int64_t unix_ms)
{
	struct tm utc = split(unix_ms);

	strftime(to, TIME_TEXT, "%a, %d %b %Y %T GMT", &utc);
}

void clock_stamp(char to[TIME_TEXT], int64_t unix_ms)
{
	struct tm utc = split(unix_ms);

	strftime(to, TIME_TEXT, "%m/%d/%Y %T", &utc);
}
