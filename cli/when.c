#include "when.h"

#include "cli.h"

#include <string.h>
#include <time.h>

/* `n` digits; what follows, or NULL. */
static const char *digits(const char *at, unsigned n, int *out)
{
	if (!at)
		return NULL;
	*out = 0;
	while (n--) {
		if (*at < '0' || *at > '9')
			return NULL;
		*out = *out * 10 + (*at++ - '0');
	}
	return at;
}

static const char *mark(const char *at, const char *set)
{
	return at && *at && strchr(set, *at) ? at + 1 : NULL;
}

/* ".25": any number of digits, of which three count. */
static const char *fraction(const char *at, int64_t *ms)
{
	int64_t unit = 100;

	if (*at != '.')
		return at;
	if (*++at < '0' || *at > '9')
		return NULL;
	for (; *at >= '0' && *at <= '9'; at++) {
		*ms += (*at - '0') * unit;
		unit /= 10;
	}
	return at;
}

static const char *clock_time(const char *at, struct tm *tm, int64_t *ms)
{
	at = digits(at, 2, &tm->tm_hour);
	at = digits(mark(at, ":"), 2, &tm->tm_min);
	if (at && *at == ':') {
		at = digits(at + 1, 2, &tm->tm_sec);
		at = at ? fraction(at, ms) : NULL;
	}
	return at && tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 61 ? at : NULL;
}

/* Seconds from the zone at the end; false when that is something else. */
static bool zone(const char *at, struct tm *tm, int64_t *seconds)
{
	int hours = 0, minutes = 0;
	char sign = *at;

	if (!*at) {
		tm->tm_isdst = -1;
		*seconds = mktime(tm);
		return *seconds != -1;
	}
	*seconds = timegm(tm);
	if (*at == 'Z' || *at == 'z')
		return !at[1];
	at = digits(mark(at, "+-"), 2, &hours);
	if (at && *at == ':')
		at++;
	at = digits(at, 2, &minutes);
	if (!at || *at || hours > 14 || minutes > 59)
		return false;
	*seconds -= (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

/* The 31st of February would be taken for a day in March. */
static bool is_date(const struct tm *tm)
{
	struct tm again = { .tm_year = tm->tm_year,
			    .tm_mon = tm->tm_mon,
			    .tm_mday = tm->tm_mday };

	timegm(&again);
	return again.tm_mon == tm->tm_mon && again.tm_mday == tm->tm_mday;
}

bool when_parse(const char *text, int64_t now_ms, int64_t *unix_ms)
{
	struct tm tm = { .tm_isdst = 0 };
	const char *at = text;
	uint32_t ago;
	int64_t ms = 0, seconds;

	if (parse_duration(text, &ago)) {
		*unix_ms = now_ms - (int64_t)ago * 1000;
		return true;
	}
	at = digits(at, 4, &tm.tm_year);
	at = digits(mark(at, "-"), 2, &tm.tm_mon);
	at = digits(mark(at, "-"), 2, &tm.tm_mday);
	if (!at)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	if (!is_date(&tm))
		return false;
	if (*at == 'T' || *at == 't' || *at == ' ')
		at = clock_time(at + 1, &tm, &ms);
	if (!at || !zone(at, &tm, &seconds))
		return false;
	*unix_ms = seconds * 1000 + ms;
	return true;
}
