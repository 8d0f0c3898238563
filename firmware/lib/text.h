/* Words and numbers into text, as printf does it, as far as the firmware needs it. */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * %s, %c, %%, and %u, %d, %x, %X with a width, padded with blanks or zeros: "%08x". Cut to
 * `bytes`, always ended. Returns the characters written, without the end.
 */
size_t text_format(char *to, size_t bytes, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
size_t text_vformat(char *to, size_t bytes, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

/*
 * Cut a line into its words: the first `max` of them go to `words`. Returns how many there
 * are.
 */
unsigned text_words(char *line, char **words, unsigned max);

#endif
