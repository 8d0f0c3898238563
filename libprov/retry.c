#include "retry.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define HOUR_S 3600u

unsigned retry_backoff(unsigned first_ms, unsigned max_ms, unsigned attempt,
		       uint32_t random)
{
	uint64_t top = (uint64_t)first_ms << (attempt < 16 ? attempt : 16);

	if (top > max_ms)
		top = max_ms;
	return (unsigned)(top * random >> 32);
}

static int month(const char *name)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (strncmp(names + 3 * i, name, 3) == 0)
			return i;
	return -1;
}

int64_t retry_date(const char *text)
{
	struct tm tm = { 0 };
	char mon[4], zone[4];

	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]",
		   &tm.tm_mday, mon, &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		   zone) != 7)
		return -1;
	tm.tm_mon = month(mon);
	if (tm.tm_mon < 0 || strcmp(zone, "GMT") != 0 || tm.tm_year < 1970 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour < 0 || tm.tm_hour > 23 ||
	    tm.tm_min < 0 || tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60)
		return -1;
	tm.tm_year -= 1900;
	return timegm(&tm);
}

/* Digits at `text` as milliseconds, an hour at most; NULL without any, else what follows.
 */
static const char *take_seconds(const char *text, unsigned *ms)
{
	unsigned v = 0;

	if (!isdigit((unsigned char)*text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++)
		v = v >= HOUR_S ? HOUR_S : v * 10 + (unsigned)(*text - '0');
	*ms = (v > HOUR_S ? HOUR_S : v) * 1000;
	return text;
}

bool retry_header(const char *text, int64_t now_unix, unsigned *ms)
{
	const char *end = take_seconds(text, ms);
	int64_t at;

	if (end)
		return *end == '\0';
	at = retry_date(text);
	if (at < 0)
		return false;
	if (at <= now_unix)
		*ms = 0;
	else
		*ms = (at - now_unix > HOUR_S ? HOUR_S : (unsigned)(at - now_unix)) *
		      1000;
	return true;
}

bool retry_text(const char *text, unsigned *ms)
{
	const char *p = strcasestr(text, "wait ");

	for (; p; p = strcasestr(p, "wait ")) {
		const char *end;

		p += strlen("wait ");
		end = take_seconds(p, ms);
		if (end && strncasecmp(end, " second", 7) == 0)
			return true;
	}
	return false;
}

bool retry_status(int status)
{
	return status == 429 || status == 408 || status == 500 || status == 502 ||
	       status == 503 || status == 504;
}
