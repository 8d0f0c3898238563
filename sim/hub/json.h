/*
 * JSON, by cJSON, whose header only json.c knows. A `struct json` is a value: what is put
 * into an object or an array belongs to that, the rest to whoever made it. Reading takes
 * NULL for "not there". Out of memory shows as NULL from json_print() at the latest.
 */
#ifndef HUB_JSON_H
#define HUB_JSON_H

#include <stdbool.h>
#include <stddef.h>

struct json;

enum json_kind {
	JSON_NONE,
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

/* NULL: malformed, or more follows; *at is then where. */
struct json *json_parse(const char *text, size_t len, size_t *at);
/* The bytes of one line; free() them. */
char *json_print(const struct json *json);
void json_free(struct json *json);

enum json_kind json_kind(const struct json *json);
const char *json_text(const struct json *json); /* NULL unless it is a string */
double json_number(const struct json *json);    /* 0 unless it is a number */
bool json_is_true(const struct json *json);
bool json_equal(const struct json *a, const struct json *b);
size_t json_count(const struct json *json);

struct json *json_get(const struct json *object, const char *key);
const char *json_get_text(const struct json *object, const char *key);
struct json *json_first(const struct json *json);
struct json *json_next(const struct json *member);
const char *json_key(const struct json *member);

struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_text(const char *text); /* NULL makes null */
struct json *json_new_number(double number);
struct json *json_new_bool(bool value);
struct json *json_copy(const struct json *json);

/* Takes the place of a member with that key. */
void json_put(struct json *object, const char *key, struct json *value);
/* The same for a key that is known not to be there yet. */
void json_add(struct json *object, const char *key, struct json *value);
void json_add_text(struct json *object, const char *key, const char *text);
void json_add_number(struct json *object, const char *key, double number);
void json_add_bool(struct json *object, const char *key, bool value);
struct json *json_add_object(struct json *object, const char *key);
void json_push(struct json *array, struct json *value);
void json_remove(struct json *object, const char *key);

#endif
