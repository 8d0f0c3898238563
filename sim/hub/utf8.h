/* UTF-8 as strangers send it. */
#ifndef HUB_UTF8_H
#define HUB_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Are these bytes well-formed (Unicode, table 3-7): none cut short or longer than need be,
 * no surrogates, nothing above U+10FFFF? U+0000 is well-formed.
 */
bool utf8_valid(const char *at, size_t len);

#endif
