/* The control protocol: a line of JSON asks, a line of JSON answers. */
#ifndef BOARD_CONTROL_H
#define BOARD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "board.h"

struct control {
	struct board *board;
	enum clock_mode time;
	const char *name;
	char usbip[120]; /* usbip://HOST:PORT/BUSID */
	bool quit;       /* somebody asked for the end */
};

/* The answer to `line`, without a newline; the caller frees it. NULL: no memory. */
char *control_answer(struct control *control, const char *line, size_t len);

#endif
