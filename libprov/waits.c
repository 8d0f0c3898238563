#include "waits.h"

#include <stdlib.h>

bool waits_room(struct waits *w, size_t n)
{
	struct pollfd *more;

	if (n <= w->room)
		return true;
	more = realloc(w->fds, n * sizeof(*more));
	if (!more)
		return false;
	w->fds = more;
	w->room = n;
	return true;
}

void waits_free(struct waits *w)
{
	free(w->fds);
	*w = (struct waits){ 0 };
}

static size_t find(const struct waits *w, int fd)
{
	size_t i = 0;

	while (i < w->n && w->fds[i].fd != fd)
		i++;
	return i;
}

bool waits_set(struct waits *w, int fd, short events)
{
	size_t i = find(w, fd);

	if (i == w->room)
		return false;
	if (i == w->n)
		w->fds[w->n++] = (struct pollfd){ .fd = fd };
	w->fds[i].events = events;
	return true;
}

void waits_drop(struct waits *w, int fd)
{
	size_t i = find(w, fd);

	if (i < w->n)
		w->fds[i] = w->fds[--w->n];
}

bool waits_poll(struct waits *w, unsigned ms)
{
	return poll(w->fds, w->n, (int)ms) > 0;
}

int waits_take(struct waits *w, short *events)
{
	for (size_t i = 0; i < w->n; i++) {
		*events = w->fds[i].revents;
		w->fds[i].revents = 0;
		if (*events)
			return w->fds[i].fd;
	}
	return -1;
}
