/*
 * The serial console: a line is edited, cut into words and carried out; the answer ends
 * with a line "ok" or "error: ...". What arrives may be anything.
 */
#ifndef CONSOLE_H
#define CONSOLE_H

#include <stdint.h>

#define CONSOLE_LINE_BYTES 80u
#define CONSOLE_WORDS      4u

/* Greets, and offers the prompt. */
void console_start(const char *greeting);

/* A byte that was received. */
void console_byte(uint8_t byte);

/* A line in between: the prompt and what has been typed come again behind it. */
void console_tell(const char *line);

/* For commands: part of their answer, to 255 characters. "\n" is the end of a line. */
void console_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for a text of any length. */
void console_put(const char *text);

#endif
