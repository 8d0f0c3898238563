#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static const char *board_name;

void log_name(const char *name)
{
	board_name = name;
}

/* One write a line, so that several boards can share a terminal or a file. */
void log_event(const char *format, ...)
{
	char line[512];
	va_list args;

	if (!board_name)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "stmiot-board: %s: %s\n", board_name, line);
}
