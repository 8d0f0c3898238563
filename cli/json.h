/*
 * JSON: the one door to cJSON. Builders take NULL for what could not be allocated; that
 * is remembered, and json_print() says so instead of printing half a document.
 */
#ifndef JSON_H
#define JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json; /* a value: object, array, text, number, boolean or null */

struct json *json_object(void);
struct json *json_array(void);
void json_free(struct json *json);

/* Add to an object under `key`, or to an array with `key` NULL. Text is copied; a byte
   that is not UTF-8 becomes '?'. `text` may be NULL: null. */
void json_add_text(struct json *to, const char *key, const char *text);
void json_add_format(struct json *to, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void json_add_number(struct json *to, const char *key, double number);
void json_add_bool(struct json *to, const char *key, bool value);
void json_add(struct json *to, const char *key,
	      struct json *child); /* which `to` then owns */

/* Parse one value and nothing behind it but blanks; NULL when it is malformed. */
struct json *json_parse(const char *text, size_t len);

/* Getters give NULL or false when `json` has no such member of that type. */
const char *json_text(const struct json *json, const char *key);
bool json_number(const struct json *json, const char *key, double *number);
bool json_bool(const struct json *json, const char *key, bool *value);
const struct json *json_get(const struct json *json, const char *key);

/* Of an array or an object: how many members, and the i-th with its key (NULL in arrays).
 */
size_t json_count(const struct json *json);
const struct json *json_at(const struct json *json, size_t i, const char **key);

/* The value in words, for people: text bare, all else as JSON. To be freed with free().
 */
char *json_words(const struct json *json);

/* On one line, without the line's end; NULL without memory. To be freed with free(). */
char *json_line(const struct json *json);

/* To stdout: a document over several lines, or one line of a stream. Free `json`. Returns
   EXIT_DONE, or EXIT_FAILED after saying that memory ran out. */
int json_print(struct json *json);
int json_print_line(struct json *json);

/*
 * A JSON text of somebody else's, to stdout over several lines, with every number and key
 * as it came: what is taken apart and put together again is rounded. EXIT_BAD_DATA after
 * saying that it is none.
 */
int json_print_text(const char *text);

#endif
