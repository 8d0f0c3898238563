/* Text that grows, and the little that HTTP asks of it. */
#ifndef HUB_TEXT_H
#define HUB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* `at` is NULL while it is empty, else it ends with a NUL that `len` does not count. */
struct text {
	char *at;
	size_t len;
	size_t room;
	bool failed; /* there was no memory: what is there is not all of it */
};

void text_put(struct text *text, const char *bytes, size_t len);
void text_add(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Where `len` bytes may be written, to be counted in `text->len` then. NULL: no memory. */
char *text_reserve(struct text *text, size_t len);
void text_free(struct text *text);

/*
 * Decodes %41 into `to`, which has room for `len` + 1 bytes. False: a % without two hex
 * digits, or a NUL among the bytes.
 */
bool percent_decode(char *to, const char *from, size_t len);

/* As encodeURIComponent() does, and !'()* too. Returns memory, or NULL. */
char *percent_encode(const char *from);

/*
 * The value of `name` in a query string without its question mark, still encoded; NULL
 * when it is not there. The length goes to `*len`.
 */
const char *query_value(const char *query, const char *name, size_t *len);
/* Is it there, with or without a value? */
bool query_has(const char *query, const char *name);

/* A whole decimal number in all of `len` bytes; false when it is none or above `most`. */
bool parse_whole(const char *from, size_t len, unsigned long long most,
		 unsigned long long *value);

#endif
