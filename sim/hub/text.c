#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct text *text, size_t more)
{
	size_t room = text->room ? text->room : 256;
	char *at;

	if (text->failed)
		return false;
	if (more < text->room - text->len)
		return true;
	while (room - text->len <= more)
		room *= 2;
	at = realloc(text->at, room);
	if (!at) {
		text->failed = true;
		return false;
	}
	text->at = at;
	text->room = room;
	return true;
}

void text_put(struct text *text, const char *bytes, size_t len)
{
	if (!make_room(text, len))
		return;
	memcpy(text->at + text->len, bytes, len);
	text->len += len;
	text->at[text->len] = '\0';
}

char *text_reserve(struct text *text, size_t len)
{
	return make_room(text, len) ? text->at + text->len : NULL;
}

void text_add(struct text *text, const char *format, ...)
{
	va_list args, again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	if (len >= 0 && make_room(text, (size_t)len)) {
		vsnprintf(text->at + text->len, (size_t)len + 1, format, again);
		text->len += (size_t)len;
	}
	va_end(again);
	va_end(args);
}

void text_free(struct text *text)
{
	free(text->at);
	*text = (struct text){ 0 };
}

static int hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)tolower((unsigned char)digit);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

bool percent_decode(char *to, const char *from, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (from[i] != '%') {
			*to = from[i];
		} else {
			if (len - i < 3)
				return false;
			high = hex_value(from[i + 1]);
			low = hex_value(from[i + 2]);
			if (high < 0 || low < 0)
				return false;
			*to = (char)(high * 16 + low);
			i += 2;
		}
		if (*to++ == '\0')
			return false;
	}
	*to = '\0';
	return true;
}

char *percent_encode(const char *from)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-_.~";
	struct text text = { 0 };

	text_put(&text, "", 0);
	for (; *from; from++) {
		if (strchr(plain, *from))
			text_put(&text, from, 1);
		else
			text_add(&text, "%%%02X", (unsigned char)*from);
	}
	if (text.failed)
		text_free(&text);
	return text.at;
}

const char *query_value(const char *query, const char *name, size_t *len)
{
	size_t name_len = strlen(name);

	while (query && *query) {
		size_t pair_len = strcspn(query, "&");

		if (pair_len > name_len && strncmp(query, name, name_len) == 0 &&
		    query[name_len] == '=') {
			*len = pair_len - name_len - 1;
			return query + name_len + 1;
		}
		query += pair_len;
		query += *query == '&';
	}
	return NULL;
}

bool query_has(const char *query, const char *name)
{
	size_t len = strlen(name);

	while (query && *query) {
		size_t pair_len = strcspn(query, "&");

		if (pair_len >= len && strncmp(query, name, len) == 0 &&
		    (pair_len == len || query[len] == '='))
			return true;
		query += pair_len;
		query += *query == '&';
	}
	return false;
}

bool parse_whole(const char *from, size_t len, unsigned long long most,
		 unsigned long long *value)
{
	unsigned long long sum = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned digit = (unsigned)(from[i] - '0');

		if (digit > 9 || digit > most || sum > (most - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	*value = sum;
	return len > 0 && sum <= most;
}
