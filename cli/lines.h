/*
 * Text that grows line by line, to be written at once: for output that streams. What
 * cannot be had from memory is remembered in `failed`.
 */
#ifndef LINES_H
#define LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lines {
	char *at;
	size_t n, room;
	bool failed;
};

void lines_put(struct lines *l, const void *bytes, size_t len);
void lines_text(struct lines *l, const char *text);
void lines_char(struct lines *l, char c);
void lines_integer(struct lines *l, int64_t number);

/* 2026-11-23T00:42:10.123Z */
void lines_time(struct lines *l, int64_t unix_ms);

void lines_hex(struct lines *l, const char *bytes, size_t len);
void lines_base64(struct lines *l, const char *bytes, size_t len);

/* A JSON string with its quotes; each byte that is not UTF-8 becomes '?'. */
void lines_json_text(struct lines *l, const char *bytes, size_t len);

/*
 * A JSON text of somebody else's without the blanks in it, with every number and key as it
 * came. False, and nothing is put, when it is not JSON as a whole (RFC 8259), or has half
 * of a character in it, as in "\ud83d".
 */
bool lines_json(struct lines *l, const char *text, size_t len);

/* Frees what it holds, not the struct itself. */
void lines_free(struct lines *l);

#endif
