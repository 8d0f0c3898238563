/* Words and bytes: what needs neither a board nor a terminal. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy `from` with what is not UTF-8 replaced by '?', and, if `controls`, control
 * characters too: nobody's serial number may move our cursor. Cut to `bytes` at a whole
 * character.
 */
void text_clean(char *to, size_t bytes, const char *from, bool controls);

/* How many letters must be changed, added, dropped or swapped to come from one to the
 * other. */
unsigned text_distance(const char *a, const char *b);

/* True when `typed` is so near to `word` that it may have been meant. */
bool text_resembles(const char *typed, const char *word);

/*
 * The length of the first line of `text` when wrapped at `columns`; *next is where the
 * rest begins, at the end of the string when there is none.
 */
size_t text_wrap(const char *text, size_t columns, const char **next);

/* The bytes of the UTF-8 character at `s`, of whose bytes `left` (one at least) are there; 0
 * when there is none. */
size_t text_utf8(const unsigned char *s, size_t left);

bool text_is_utf8(const char *text);

/* Two lower-case digits a byte; `to` has room for 2 * n + 1. */
void text_hex(const uint8_t *bytes, size_t n, char *to);

#endif
