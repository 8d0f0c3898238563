/* Names as they stand in strings and paths. */
#ifndef PROV_TEXT_H
#define PROV_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* How many of the `len` characters can be a host name or an IPv4 address. */
size_t host_length(const char *text, size_t len);

/* 1-65535 and nothing else. */
bool parse_port(const char *text, size_t len, long *port);

#endif
