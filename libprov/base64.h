/* Strict base64 (RFC 4648, section 4), and percent-encoding (RFC 3986, section 2.1). */
#ifndef PROV_BASE64_H
#define PROV_BASE64_H

#include "error.h"

/* Bytes of the text for `len` bytes, without a terminator. */
#define BASE64_BYTES(len) (((len) + 2) / 3 * 4)

/* Writes BASE64_BYTES(len) characters and a terminator. */
void base64_encode(const uint8_t *bytes, size_t len, char *to);

/*
 * `to` has room for `len` / 4 * 3 bytes. Returns how many came out, or -1 with the offset
 * of the first wrong character in *at.
 */
int base64_decode(const char *text, size_t len, uint8_t *to, size_t *at);

/* All but letters, digits and "-_." is encoded, as the service wants its SAS resources.
 */
#define PERCENT_BYTES(len) ((len)*3 + 1)
void percent_encode(const char *text, char *to);

/* In place or apart; -1 for a malformed or zero escape, or more than `bytes` with the
 * end. */
int percent_decode(const char *text, size_t len, char *to, size_t bytes);

#endif
