/*
 * A request of the control protocol and its answer: the one door to cJSON. What goes wrong
 * in a request is told in words, one sentence.
 */
#ifndef BOARD_REQUEST_H
#define BOARD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cJSON; /* a value */

struct request {
	struct cJSON *json;
	struct cJSON *answer; /* an object */
	char error[200];
};

/* Parses a line; request_end() gives the answer as text, NULL without memory. */
void request_begin(struct request *request, const char *line, size_t len);
char *request_end(struct request *request, bool ok);

/* Always false. */
bool refuse(struct request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* -- what is asked: each leaves `*value` alone when the key is not there -------------- */

bool request_is_json(const struct request *request);
bool request_is_object(const struct request *request);
bool request_has(const struct request *request, const char *key);
/* The first key that is not one of `keys`, NULL if all are. */
const char *request_stranger(const struct request *request, const char *const *keys,
			     size_t count);
/* NULL: there is none, or it is no text. */
const char *request_text(const struct request *request, const char *key);
bool request_bool(struct request *request, const char *key, bool *value);
bool request_number(struct request *request, const char *key, uint32_t least,
		    uint32_t most, uint32_t *value);
/* An address may also be written as text, as status does: "0x08000000". */
bool request_address(struct request *request, const char *key, uint32_t *value);
/* From 0 to 1 */
bool request_fraction(struct request *request, const char *key, double *value);
/* A list of at most `max` texts, which live as long as the request. */
bool request_texts(struct request *request, const char *key, const char **texts,
		   size_t max, size_t *count);

/* -- what is answered -------------------------------------------------------------------- */

void put_number(struct cJSON *to, const char *key, double value);
void put_text(struct cJSON *to, const char *key, const char *text); /* NULL: null */
void put_bool(struct cJSON *to, const char *key, bool value);
void put_hex(struct cJSON *to, const char *key, int digits, uint32_t value);
struct cJSON *put_object(struct cJSON *to, const char *key);
struct cJSON *put_list(struct cJSON *to, const char *key);
struct cJSON *put_item(struct cJSON *list); /* an object */

#endif
