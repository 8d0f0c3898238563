#include "lines.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Room for so many more bytes; NULL without memory. */
static char *more(struct lines *l, size_t len)
{
	if (l->failed)
		return NULL;
	if (l->room - l->n < len) {
		size_t room = (l->n + len) * 2 + 4096;
		char *at = realloc(l->at, room);

		if (!at) {
			l->failed = true;
			return NULL;
		}
		l->at = at;
		l->room = room;
	}
	return l->at + l->n;
}

void lines_put(struct lines *l, const void *bytes, size_t len)
{
	char *to = more(l, len);

	if (!to)
		return;
	if (len)
		memcpy(to, bytes, len);
	l->n += len;
}

void lines_text(struct lines *l, const char *text)
{
	lines_put(l, text, strlen(text));
}

void lines_char(struct lines *l, char c)
{
	lines_put(l, &c, 1);
}

void lines_integer(struct lines *l, int64_t number)
{
	char digits[24], *at = digits + sizeof(digits);
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (number < 0)
		*--at = '-';
	lines_put(l, at, (size_t)(digits + sizeof(digits) - at));
}

/* Events come second by second: the calendar is asked for once in each. */
void lines_time(struct lines *l, int64_t unix_ms)
{
	static _Thread_local char text[40];
	static _Thread_local int64_t of = INT64_MIN;
	int64_t s = unix_ms / 1000, ms = unix_ms % 1000;
	char milliseconds[8];

	if (ms < 0) {
		ms += 1000;
		s--;
	}
	if (s != of) {
		time_t t = (time_t)s;
		struct tm tm;

		if (!gmtime_r(&t, &tm) ||
		    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
			strcpy(text, "?");
		of = s;
	}
	lines_text(l, text);
	milliseconds[0] = '.';
	milliseconds[1] = (char)('0' + ms / 100);
	milliseconds[2] = (char)('0' + ms / 10 % 10);
	milliseconds[3] = (char)('0' + ms % 10);
	milliseconds[4] = 'Z';
	lines_put(l, milliseconds, 5);
}

void lines_hex(struct lines *l, const char *bytes, size_t len)
{
	char *to = more(l, 2 * len + 1);

	if (!to)
		return;
	text_hex((const uint8_t *)bytes, len, to);
	l->n += 2 * len;
}

void lines_base64(struct lines *l, const char *bytes, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = (const uint8_t *)bytes;
	char *to = more(l, (len + 2) / 3 * 4);

	if (!to)
		return;
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)b[i] << 16;

		if (n > 1)
			bits |= (uint32_t)b[i + 1] << 8;
		if (n > 2)
			bits |= b[i + 2];
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = n > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = n > 2 ? digits[bits & 63] : '=';
	}
	l->n = (size_t)(to - l->at);
}

static bool plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void escape(struct lines *l, unsigned c)
{
	char text[8];

	switch (c) {
	case '"':
		lines_put(l, "\\\"", 2);
		break;
	case '\\':
		lines_put(l, "\\\\", 2);
		break;
	case '\n':
		lines_put(l, "\\n", 2);
		break;
	case '\t':
		lines_put(l, "\\t", 2);
		break;
	default:
		snprintf(text, sizeof(text), "\\u%04x", c & 0xffff);
		lines_put(l, text, 6);
		break;
	}
}

/* The character at `s`, which is not plain; how many of its bytes were taken. */
static size_t put_character(struct lines *l, const unsigned char *s, size_t left)
{
	size_t n = text_utf8(s, left);

	if (n == 1) {
		escape(l, s[0]);
	} else if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0) {
		escape(l, s[1]); /* a control character, too */
	} else if (n) {
		lines_put(l, s, n);
	} else {
		lines_char(l, '?');
		n = 1;
	}
	return n;
}

void lines_json_text(struct lines *l, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t i = 0;

	lines_char(l, '"');
	while (i < len) {
		size_t from = i;

		while (i < len && plain(s[i]))
			i++;
		lines_put(l, s + from, i - from);
		if (i < len)
			i += put_character(l, s + i, len - i);
	}
	lines_char(l, '"');
}

/* -- JSON of others ------------------------------------------------------------------- */

#define DEPTH_MAX 100

struct scan {
	struct lines *to;
	const unsigned char *at, *end;
};

static void skip_blanks(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

/* One of the bytes of `set`, which is then put. */
static bool take(struct scan *s, const char *set)
{
	if (s->at == s->end || !*s->at || !strchr(set, *s->at))
		return false;
	lines_char(s->to, (char)*s->at++);
	return true;
}

static bool take_digits(struct scan *s)
{
	bool any = false;

	while (take(s, "0123456789"))
		any = true;
	return any;
}

static bool take_number(struct scan *s)
{
	take(s, "-");
	if (!take(s, "0") && !take_digits(s))
		return false;
	if (take(s, ".") && !take_digits(s))
		return false;
	if (!take(s, "eE"))
		return true;
	take(s, "+-");
	return take_digits(s);
}

/* What \u stands for, 16 bits of it. */
static bool take_unit(struct scan *s, unsigned *unit)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF";

	*unit = 0;
	for (int i = 0; i < 4; i++) {
		if (!take(s, digits))
			return false;
		*unit = *unit << 4 | (unsigned)(strchr(digits, s->at[-1]) - digits) % 16;
	}
	return true;
}

/*
 * Half a character is allowed by RFC 8259, 8.2, which says that nobody can rely on what
 * becomes of it: jq takes it for the end of all input.
 */
static bool take_escape(struct scan *s)
{
	unsigned unit, low;

	take(s, "\\");
	if (take(s, "\"\\/bfnrt"))
		return true;
	if (!take(s, "u") || !take_unit(s, &unit))
		return false;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	return unit < 0xdc00 && take(s, "\\") && take(s, "u") && take_unit(s, &low) &&
	       low >= 0xdc00 && low <= 0xdfff;
}

static bool take_string(struct scan *s)
{
	if (!take(s, "\""))
		return false;
	while (s->at < s->end && *s->at != '"') {
		const unsigned char *from = s->at;
		size_t left;

		while (s->at < s->end && plain(*s->at))
			s->at++;
		lines_put(s->to, from, (size_t)(s->at - from));
		left = (size_t)(s->end - s->at);
		if (left == 0 || *s->at == '"')
			continue;
		if (*s->at == '\\') {
			if (!take_escape(s))
				return false;
		} else if (*s->at < 0x20 || !text_utf8(s->at, left)) {
			return false;
		} else {
			s->at += put_character(s->to, s->at, left);
		}
	}
	return take(s, "\"");
}

static bool take_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->at) < len || memcmp(s->at, word, len) != 0)
		return false;
	lines_put(s->to, word, len);
	s->at += len;
	return true;
}

static bool take_scalar(struct scan *s)
{
	if (s->at == s->end)
		return false;
	switch (*s->at) {
	case '"':
		return take_string(s);
	case 't':
		return take_word(s, "true");
	case 'f':
		return take_word(s, "false");
	case 'n':
		return take_word(s, "null");
	default:
		return take_number(s);
	}
}

static bool take_key(struct scan *s)
{
	skip_blanks(s);
	if (!take_string(s))
		return false;
	skip_blanks(s);
	return take(s, ":");
}

/*
 * One value with all that is in it. `open` has, by depth, how the arrays and objects end
 * that have begun.
 */
static bool take_value(struct scan *s)
{
	char open[DEPTH_MAX];
	size_t depth = 0;

	for (;;) {
		skip_blanks(s);
		if (depth < DEPTH_MAX && (take(s, "[") || take(s, "{"))) {
			char end = s->at[-1] == '[' ? ']' : '}';

			open[depth++] = end;
			skip_blanks(s);
			if (s->at == s->end || *s->at != (unsigned char)end) {
				if (end == '}' && !take_key(s))
					return false;
				continue;
			}
		} else if (!take_scalar(s)) {
			return false;
		}
		for (;;) {
			const char ends[2] = { depth ? open[depth - 1] : '\0', '\0' };

			skip_blanks(s);
			if (depth == 0)
				return true;
			if (take(s, ","))
				break;
			if (!take(s, ends))
				return false;
			depth--;
		}
		if (open[depth - 1] == '}' && !take_key(s))
			return false;
	}
}

bool lines_json(struct lines *l, const char *text, size_t len)
{
	struct scan s = { l, (const unsigned char *)text,
			  (const unsigned char *)text + len };
	size_t before = l->n;

	if (take_value(&s) && s.at == s.end)
		return true;
	l->n = before;
	return false;
}

void lines_free(struct lines *l)
{
	free(l->at);
	memset(l, 0, sizeof(*l));
}
