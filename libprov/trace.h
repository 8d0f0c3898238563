/* What is traced, for who wants to hear of it. */
#ifndef PROV_TRACE_H
#define PROV_TRACE_H

#include <stdarg.h>

/* Hands on a line, cut off where it is longer than any of ours; NULL wants none. */
void trace_line(void (*trace)(void *ctx, const char *line), void *ctx, const char *fmt,
		va_list ap) __attribute__((format(printf, 3, 0)));

#endif
