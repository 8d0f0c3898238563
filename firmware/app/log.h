/* The log: the last lines, in RAM, and on the console as they come. */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>
#include <stddef.h>

#define LOG_BYTES      2048u
#define LOG_LINE_BYTES 200u

/* A line, without its end; the time goes in front of it. Longer ones are cut. */
void log_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The lines that are still there, the oldest first. *at is 0 at first; false at the end. */
bool log_line(unsigned *at, char *to, size_t bytes);

/* Lines that had to make room. */
unsigned log_dropped(void);

#endif
