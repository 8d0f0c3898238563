/*
 * The serial ports' other ends: a pseudo-terminal, a TCP port of this machine, or standard
 * output. What nobody reads is kept to the last few kilobytes; what the chip has no room
 * for waits with its sender.
 */
#ifndef BOARD_SERIAL_H
#define BOARD_SERIAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/mcu.h"

#define SERIAL_PORTS   6
#define SERIAL_POLLFDS (2 * SERIAL_PORTS)

struct serial;

/* One port: "USART3=pty", "USART3=tcp:4000", "USART3=stdout", "USART3=none". */
bool serial_fits(const char *text);

/*
 * Opens the `count` of them, each of which serial_fits(); USART3=pty is there unless they
 * say otherwise. A pseudo-terminal is linked in the folder by its port's name in small
 * letters. The folder has to stay open. NULL: `err` has the words.
 */
struct serial *serial_open(int dirfd, const char *const *texts, size_t count, char *err,
			   size_t err_bytes);
/* Removes the links. */
void serial_close(struct serial *serial);

/* The chip at this end; NULL: it has no power, and what is sent to it is lost. */
void serial_wire(struct serial *serial, struct mcu *mcu);

/* Moves what can be moved, both ways. */
void serial_run(struct serial *serial);

/* Fills in what to poll and returns how many; handle() takes them back after poll(). */
size_t serial_pollfds(const struct serial *serial, struct pollfd fds[SERIAL_POLLFDS]);
void serial_handle(struct serial *serial, const struct pollfd *fds, size_t count);
/* In how many nanoseconds of the host's time serial_run() has to be called; -1: never. */
int64_t serial_wait_ns(const struct serial *serial);

/* The i-th open port: "USART3", and "/dev/pts/4", "127.0.0.1:4000" or "stdout". */
struct serial_view {
	const char *port, *kind, *path;
};
bool serial_look(const struct serial *serial, size_t i, struct serial_view *view);

#endif
