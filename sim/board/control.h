/* The control protocol: a line of JSON asks, a line of JSON answers. */
#ifndef BOARD_CONTROL_H
#define BOARD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "board.h"

struct serial;
struct trace;
struct request;

struct control {
	struct board *board;
	enum clock_mode time;
	const char *name;
	char usbip[120];   /* usbip://HOST:PORT/BUSID */
	bool quit;         /* somebody asked for the end */
	unsigned gdb_port; /* 0: GDB is not served */
	/* NULL: there is none */
	struct serial *serial;
	struct trace *trace;
	bool trace_begun; /* the last who asked now gets it, a line an access */
};

/* The answer to `line`, without a newline; the caller frees it. NULL: no memory. */
char *control_answer(struct control *control, const char *line, size_t len);

/* Requests that only tell (control_status.c). */
bool control_status(struct control *control, struct request *request);
bool control_leds(struct control *control, struct request *request);

#endif
