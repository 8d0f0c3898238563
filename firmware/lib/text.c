#include "lib/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define DIGITS_MAX 10 /* of 32 bits */

struct sink {
	char *to;
	size_t at, bytes;
};

static void put(struct sink *s, char c)
{
	if (s->at + 1 < s->bytes)
		s->to[s->at++] = c;
}

/* "%08x": how a conversion is to look. */
struct spec {
	unsigned width;
	bool zeros;
	char type;
};

static void put_padding(struct sink *s, const struct spec *spec, unsigned used)
{
	for (; used < spec->width; used++)
		put(s, spec->zeros ? '0' : ' ');
}

static void put_number(struct sink *s, const struct spec *spec, unsigned value,
		       bool negative)
{
	const char *digits = spec->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
	unsigned base = spec->type == 'x' || spec->type == 'X' ? 16 : 10, n = 0;
	char reversed[DIGITS_MAX];

	do {
		reversed[n++] = digits[value % base];
		value /= base;
	} while (value);
	if (negative && spec->zeros)
		put(s, '-');
	put_padding(s, spec, n + negative);
	if (negative && !spec->zeros)
		put(s, '-');
	while (n)
		put(s, reversed[--n]);
}

static const char *read_spec(const char *fmt, struct spec *spec)
{
	*spec = (struct spec){ .zeros = *fmt == '0' };
	while (*fmt >= '0' && *fmt <= '9')
		spec->width = spec->width * 10 + (unsigned)(*fmt++ - '0');
	spec->type = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

static void put_text(struct sink *s, const struct spec *spec, const char *text)
{
	put_padding(s, spec, (unsigned)strlen(text));
	while (*text)
		put(s, *text++);
}

size_t text_vformat(char *to, size_t bytes, const char *fmt, va_list ap)
{
	struct sink s = { to, 0, bytes };
	struct spec spec;
	int number;

	while (*fmt) {
		if (*fmt != '%') {
			put(&s, *fmt++);
			continue;
		}
		fmt = read_spec(fmt + 1, &spec);
		switch (spec.type) {
		case 's':
			put_text(&s, &spec, va_arg(ap, const char *));
			break;
		case 'c':
			put(&s, (char)va_arg(ap, int));
			break;
		case 'd':
			number = va_arg(ap, int);
			put_number(&s, &spec,
				   number < 0 ? 0u - (unsigned)number : (unsigned)number,
				   number < 0);
			break;
		case 'u':
		case 'x':
		case 'X':
			put_number(&s, &spec, va_arg(ap, unsigned), false);
			break;
		default:
			put(&s, spec.type);
		}
	}
	if (bytes > 0)
		to[s.at] = '\0';
	return s.at;
}

size_t text_format(char *to, size_t bytes, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = text_vformat(to, bytes, fmt, ap);
	va_end(ap);
	return n;
}

unsigned text_words(char *line, char **words, unsigned max)
{
	unsigned n = 0;

	for (;;) {
		while (*line == ' ')
			*line++ = '\0';
		if (*line == '\0')
			return n;
		if (n < max)
			words[n] = line;
		n++;
		while (*line && *line != ' ')
			line++;
	}
}
