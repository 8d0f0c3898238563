#include "text.h"

#include <stdlib.h>
#include <string.h>

/* Overlong forms, surrogates and what is beyond U+10FFFF are no characters (RFC 3629, 4). */
size_t text_utf8(const unsigned char *s, size_t left)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (n > left)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	if (s[0] == 0xed)
		high = 0x9f;
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < n; i++) {
		if (s[i] < low || s[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return n;
}

bool text_is_utf8(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = strlen(text), n = 1;

	for (; left && n; s += n, left -= n)
		n = text_utf8(s, left);
	return n != 0;
}

static bool is_control(const unsigned char *s)
{
	/* U+0080 to U+009F are control characters as well: U+009B begins an escape
	 * sequence. */
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

void text_clean(char *to, size_t bytes, const char *from, bool controls)
{
	const unsigned char *s = (const unsigned char *)from;
	size_t at = 0;

	if (bytes == 0)
		return;
	while (*s) {
		size_t n = text_utf8(s, 4); /* no character goes on behind the zero */
		bool bad = n == 0 || (controls && is_control(s));

		if (at + (bad ? 1 : n) >= bytes)
			break;
		if (bad)
			to[at++] = '?';
		else
			memcpy(to + at, s, n);
		at += bad ? 0 : n;
		s += n ? n : 1;
	}
	to[at] = '\0';
}

#define WORD_MAX 32

unsigned text_distance(const char *a, const char *b)
{
	unsigned d[WORD_MAX + 1][WORD_MAX + 1];
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (i = 0; i <= la; i++) {
		for (j = 0; j <= lb; j++) {
			unsigned best;

			if (i == 0 || j == 0) {
				d[i][j] = (unsigned)(i + j);
				continue;
			}
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

bool text_resembles(const char *typed, const char *word)
{
	size_t len = strlen(typed);

	if (len >= 2 && strncmp(typed, word, len) == 0)
		return true;
	return text_distance(typed, word) <= (len < 5 ? 1u : 2u);
}

size_t text_wrap(const char *text, size_t columns, const char **next)
{
	size_t len = strlen(text), at;

	if (len <= columns) {
		*next = text + len;
		return len;
	}
	for (at = columns; at > 0 && text[at] != ' '; at--)
		;
	if (at == 0)
		at = columns;
	*next = text + at;
	while (**next == ' ')
		++*next;
	return at;
}

void text_hex(const uint8_t *bytes, size_t n, char *to)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 15];
	}
	*to = '\0';
}
