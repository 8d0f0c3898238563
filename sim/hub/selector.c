#include "selector.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ANNOTATION "amqp.annotation."

static const struct {
	const char *name;
	enum position_by by;
} fields[] = {
	{ ANNOTATION "x-opt-offset", BY_OFFSET },
	{ ANNOTATION "x-opt-sequence-number", BY_SEQUENCE },
	{ ANNOTATION "x-opt-enqueued-time", BY_TIME },
	{ ANNOTATION "x-opt-enqueuedtimeutc", BY_TIME },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

struct parser {
	const char *text;
	size_t len;
	size_t at;
	char *err;
};

static bool wrong(const struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool wrong(const struct parser *parser, const char *format, ...)
{
	va_list args;
	int len = snprintf(parser->err, SELECTOR_ERROR,
			   "The filter, position %zu: ", parser->at + 1);

	va_start(args, format);
	vsnprintf(parser->err + len, SELECTOR_ERROR - (size_t)len, format, args);
	va_end(args);
	return false;
}

static void skip_blanks(struct parser *parser)
{
	while (parser->at < parser->len && memchr(" \t\r\n", parser->text[parser->at], 4))
		parser->at++;
}

/* The length of what is made of characters that may be in a name. */
static size_t word_len(const struct parser *parser)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	size_t len = 0;

	while (parser->at + len < parser->len &&
	       memchr(allowed, parser->text[parser->at + len], sizeof(allowed) - 1))
		len++;
	return len;
}

static bool take_field(struct parser *parser, struct position *position)
{
	size_t len = word_len(parser);
	const char *word = parser->text + parser->at;

	for (size_t i = 0; i < FIELDS; i++) {
		if (strlen(fields[i].name) != len || memcmp(fields[i].name, word, len))
			continue;
		position->by = fields[i].by;
		parser->at += len;
		return true;
	}
	return wrong(parser, "it has to begin with " ANNOTATION
			     "x-opt-offset, x-opt-sequence-number or "
			     "x-opt-enqueued-time.");
}

static bool take_sign(struct parser *parser, struct position *position)
{
	if (parser->at == parser->len || parser->text[parser->at] != '>')
		return wrong(parser, "> or >= is expected here.");
	parser->at++;
	position->inclusive = parser->at < parser->len && parser->text[parser->at] == '=';
	if (position->inclusive)
		parser->at++;
	return true;
}

/* A whole number, with a sign or without. */
static bool parse_number(const char *from, size_t len, int64_t *value)
{
	bool negative = len > 0 && *from == '-';
	unsigned long long number;

	if (!parse_whole(from + negative, len - negative, INT64_MAX, &number))
		return false;
	*value = negative ? -(int64_t)number : (int64_t)number;
	return true;
}

/* What is between the quotes, or stands without any. */
static bool take_value(struct parser *parser, struct position *position)
{
	bool quoted = parser->at < parser->len && parser->text[parser->at] == '\'';
	const char *from = parser->text + parser->at + quoted;
	size_t left = parser->len - parser->at - quoted, len;

	if (quoted) {
		const char *end = memchr(from, '\'', left);

		if (!end)
			return wrong(parser, "the value's quote has no end.");
		len = (size_t)(end - from);
	} else {
		len = word_len(parser);
	}
	if (quoted && len == 7 && memcmp(from, "@latest", len) == 0) {
		if (position->by != BY_OFFSET)
			return wrong(parser, "only an offset can be '@latest'.");
		position->latest = true;
	} else if (!parse_number(from, len, &position->value)) {
		return wrong(parser, position->by == BY_OFFSET
					     ? "a number or '@latest' is expected here."
					     : "a number is expected here.");
	}
	/* some ask for all events by a time before any */
	if (position->by != BY_TIME && position->value < -1)
		return wrong(parser, "the number is too small.");
	parser->at += len + (quoted ? 2 : 0);
	return true;
}

bool selector_parse(const char *text, size_t len, struct position *position,
		    char err[SELECTOR_ERROR])
{
	struct parser parser = { text, len, 0, err };

	*err = '\0';
	*position = (struct position){ 0 };
	skip_blanks(&parser);
	if (!take_field(&parser, position))
		return false;
	skip_blanks(&parser);
	if (!take_sign(&parser, position))
		return false;
	skip_blanks(&parser);
	if (!take_value(&parser, position))
		return false;
	skip_blanks(&parser);
	return parser.at == len || wrong(&parser, "the filter has to end here: it is one "
						  "comparison.");
}
