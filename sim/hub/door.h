/*
 * A port that a server listens on, and who comes by it. When the process has no file
 * descriptor left, who comes is turned away, by one that was spared for that: else he
 * would wait, and the port call, for ever.
 */
#ifndef HUB_DOOR_H
#define HUB_DOOR_H

#include <stdbool.h>
#include <stddef.h>

#define DOOR_FROM 64

/* Starts out with both at -1. */
struct door {
	const char *protocol; /* for the log */
	int fd;               /* to be polled */
	int spare_fd;
};

/* *port is then the true one, which 0 leaves to the system. False: `err` says why. */
bool door_open(struct door *door, const char *protocol, const char *address,
	       unsigned *port, char *err, size_t err_bytes);
void door_close(struct door *door);

enum { DOOR_NOBODY = -1, DOOR_TURNED_AWAY = -2 };

/*
 * The socket of who comes next, which does not block and sends at once, and where from,
 * "127.0.0.1:50164"; or one of the two above.
 */
int door_let_in(struct door *door, char from[DOOR_FROM]);

#endif
