/* The sockets that somebody waits for. */
#ifndef PROV_WAITS_H
#define PROV_WAITS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

/* All zero is one without sockets. */
struct waits {
	struct pollfd *fds;
	size_t n, room;
};

/* Room for `n` sockets; false when there is no memory. */
bool waits_room(struct waits *w, size_t n);
void waits_free(struct waits *w);

/* Wait for `events` of poll(2) on `fd`; false when there is no room. */
bool waits_set(struct waits *w, int fd, short events);
void waits_drop(struct waits *w, int fd);

/* Until there are events, or for `ms`; true when there are some. */
bool waits_poll(struct waits *w, unsigned ms);

/* One that has events, which are then taken; -1 when none has. The set may change
 * in between. */
int waits_take(struct waits *w, short *events);

#endif
