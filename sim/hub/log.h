/* What the hub has to say, a line an event, on standard error and in DIR/log. */
#ifndef HUB_LOG_H
#define HUB_LOG_H

#include <stdbool.h>

/* `fd` is that of DIR/log, or -1. Before it nothing is written: tests start so. */
void log_open(int fd, bool verbose);

void log_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line that only -v shows. */
void log_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
