/* The TCP side of GDB's protocol: one debugger at a time. */
#ifndef BOARD_GDBSERVER_H
#define BOARD_GDBSERVER_H

#include <poll.h>
#include <stddef.h>

#include "board.h"

#define GDBSERVER_POLLFDS 2

struct gdbserver;

/* Listens on 127.0.0.1; port 0 is any free one. NULL: `err` has the words. */
struct gdbserver *gdbserver_open(struct board *board, unsigned port, char *err,
				 size_t err_bytes);
void gdbserver_close(struct gdbserver *server);
unsigned gdbserver_port(const struct gdbserver *server);

/* All of these take NULL for a server that is not wanted. */
size_t gdbserver_pollfds(const struct gdbserver *server,
			 struct pollfd fds[GDBSERVER_POLLFDS]);
void gdbserver_handle(struct gdbserver *server, const struct pollfd *fds, size_t count);
/* Tells the debugger when the chip has stopped. */
void gdbserver_run(struct gdbserver *server);
/* The chip's power has come: it halts for a debugger that is there. */
void gdbserver_powered(struct gdbserver *server);

#endif
