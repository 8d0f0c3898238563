#include "base64.h"

#include <string.h>

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *bytes, size_t len, char *to)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t v = (uint32_t)bytes[i] << 16 |
			     (uint32_t)(n > 1 ? bytes[i + 1] : 0) << 8 |
			     (n > 2 ? bytes[i + 2] : 0);

		*to++ = alphabet[v >> 18];
		*to++ = alphabet[v >> 12 & 63];
		*to++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
		*to++ = n > 2 ? alphabet[v & 63] : '=';
	}
	*to = '\0';
}

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters; how many bytes came out, or -1. Padding only where it is `last`. */
static int quantum(const char *text, bool last, uint8_t *to, size_t *bad)
{
	unsigned pad = 0;
	uint32_t v = 0;

	if (last && text[3] == '=')
		pad = text[2] == '=' ? 2 : 1;
	for (unsigned i = 0; i < 4; i++) {
		int d = i >= 4 - pad ? 0 : digit(text[i]);

		*bad = i;
		if (d < 0)
			return -1;
		v = v << 6 | (uint32_t)d;
	}
	/* Bits that fall off must be zero: each key has one text. */
	*bad = 3 - pad;
	if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff)))
		return -1;
	for (unsigned i = 0; i < 3 - pad; i++)
		to[i] = (uint8_t)(v >> (16 - 8 * i));
	return (int)(3 - pad);
}

int base64_decode(const char *text, size_t len, uint8_t *to, size_t *at)
{
	int done = 0;

	for (size_t i = 0; i + 4 <= len; i += 4) {
		size_t bad = 0;
		int n = quantum(text + i, i + 4 == len, to + done, &bad);

		*at = i + bad;
		if (n < 0)
			return -1;
		done += n;
	}
	*at = len;
	return len % 4 ? -1 : done;
}

static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

void percent_encode(const char *text, char *to)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (is_plain(c)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	*to = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int percent_decode(const char *text, size_t len, char *to, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			int hi = i + 2 < len ? hex_digit(text[i + 1]) : -1;
			int lo = i + 2 < len ? hex_digit(text[i + 2]) : -1;

			c = hi < 0 || lo < 0 ? 0 : hi << 4 | lo;
			i += 2;
		}
		if (c == 0 || n + 1 >= bytes)
			return -1;
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return (int)n;
}
