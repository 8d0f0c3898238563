#include "trace.h"

#include <stdio.h>

#define LINE_MAX_BYTES 1224 /* a request's target, and words around it */

void trace_line(void (*trace)(void *ctx, const char *line), void *ctx, const char *fmt,
		va_list ap)
{
	char line[LINE_MAX_BYTES];

	if (!trace)
		return;
	vsnprintf(line, sizeof(line), fmt, ap);
	trace(ctx, line);
}
