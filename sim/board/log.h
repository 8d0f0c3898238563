/* What happens to the board, a line an event, on standard error. */
#ifndef BOARD_LOG_H
#define BOARD_LOG_H

/* The name every line bears. NULL: no lines at all, which is how tests start. */
void log_name(const char *name);

void log_event(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
