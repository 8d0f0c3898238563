#include "ctlsock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "trace.h"
#include "wire.h"

#define SOCKET_NAME "control"
#define TRACE_BYTES (256u * 1024) /* on their way to who traces; the rest waits */

struct client {
	int fd;    /* -1: free */
	bool over; /* to be closed when all is sent */
	struct bytes in;
	struct bytes out;
};

struct ctlsock {
	int fd;
	int dirfd;
	struct control *control;
	struct client *tracer;
	struct client clients[CTLSOCK_CLIENTS];
};

/* -- clients ----------------------------------------------------------------------- */

static void drop(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->over = false;
	bytes_free(&client->in);
	bytes_free(&client->out);
}

static void flush(struct client *client)
{
	size_t sent;
	bool open = wire_send(client->fd, client->out.at, client->out.len, &sent);

	bytes_drop(&client->out, sent);
	if (!open)
		client->over = true, client->out.len = 0;
	if (client->over && client->out.len == 0)
		drop(client);
}

static void put_line(struct client *client, const char *text)
{
	bytes_put(&client->out, text, strlen(text));
	bytes_put(&client->out, "\n", 1);
}

static void answer(struct ctlsock *sock, struct client *client, const char *line,
		   size_t len)
{
	char *text = control_answer(sock->control, line, len);

	put_line(client, text ? text : "{\"ok\":false,\"error\":\"no memory\"}");
	free(text);
	if (sock->control->trace_begun)
		sock->tracer = client;
	sock->control->trace_begun = false;
}

/* Answers each whole line; half a line waits for its rest. */
static void answer_lines(struct ctlsock *sock, struct client *client)
{
	uint8_t *end;

	while (client->in.len > 0 &&
	       (end = memchr(client->in.at, '\n', client->in.len))) {
		size_t len = (size_t)(end - client->in.at);

		answer(sock, client, (const char *)client->in.at, len);
		bytes_drop(&client->in, len + 1);
	}
	if (client->in.len > CTLSOCK_LINE_MAX) {
		put_line(client,
			 "{\"ok\":false,\"error\":\"a line is at most 65536 bytes\"}");
		client->in.len = 0;
		client->over = true;
	}
	if (client->in.failed || client->out.failed)
		client->over = true;
}

static void receive(struct ctlsock *sock, struct client *client)
{
	char bytes[4096];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n <= 0) {
		/* it may have shut down only its own side, and wait for answers */
		client->over = true;
		return;
	}
	bytes_put(&client->in, bytes, (size_t)n);
	answer_lines(sock, client);
}

static void welcome(struct ctlsock *sock)
{
	int fd = accept4(sock->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	for (size_t i = 0; fd >= 0 && i < CTLSOCK_CLIENTS; i++)
		if (sock->clients[i].fd < 0) {
			sock->clients[i].fd = fd;
			return;
		}
	if (fd >= 0)
		close(fd);
}

/* -- the loop's side --------------------------------------------------------------- */

size_t ctlsock_pollfds(const struct ctlsock *sock, struct pollfd fds[CTLSOCK_POLLFDS])
{
	size_t count = 0;

	fds[count++] = (struct pollfd){ .fd = sock->fd, .events = POLLIN };
	for (size_t i = 0; i < CTLSOCK_CLIENTS; i++) {
		const struct client *client = &sock->clients[i];
		short events = client->out.len > 0 ? POLLOUT : POLLIN;

		/* who does not read the answers gets to ask no more */
		if (client->fd >= 0)
			fds[count++] =
				(struct pollfd){ .fd = client->fd, .events = events };
	}
	return count;
}

void ctlsock_handle(struct ctlsock *sock, const struct pollfd *fds, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; fds[i].revents && k < CTLSOCK_CLIENTS; k++) {
			struct client *client = &sock->clients[k];

			if (client->fd != fds[i].fd)
				continue;
			if (!(fds[i].revents & POLLOUT))
				receive(sock, client);
			flush(client);
			break;
		}
	if (count > 0 && fds[0].revents)
		welcome(sock);
}

/* The trace ends with its reader. */
void ctlsock_run(struct ctlsock *sock)
{
	struct client *tracer = sock->tracer;
	char line[TRACE_LINE];

	if (!tracer)
		return;
	while (tracer->fd >= 0 && tracer->out.len < TRACE_BYTES &&
	       trace_next(sock->control->trace, line))
		put_line(tracer, line);
	if (tracer->fd >= 0)
		flush(tracer);
	if (tracer->fd >= 0 && !tracer->over)
		return;
	trace_stop(sock->control->trace);
	sock->tracer = NULL;
}

/* -- opening ----------------------------------------------------------------------- */

/* By way of the open folder: its own path may be longer than a socket's can be. */
static int bind_in(int fd, int dirfd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask = umask(0177);
	int rc;

	snprintf(address.sun_path, sizeof(address.sun_path),
		 "/proc/self/fd/%d/" SOCKET_NAME, dirfd);
	unlinkat(dirfd, SOCKET_NAME, 0); /* the folder is locked: nobody's */
	rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	return rc;
}

struct ctlsock *ctlsock_open(int dirfd, struct control *control, char *err,
			     size_t err_bytes)
{
	struct ctlsock *sock = calloc(1, sizeof(*sock));

	if (!sock) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	for (size_t i = 0; i < CTLSOCK_CLIENTS; i++)
		sock->clients[i].fd = -1;
	sock->dirfd = dirfd;
	sock->control = control;
	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->fd >= 0 && bind_in(sock->fd, dirfd) == 0 && listen(sock->fd, 16) == 0)
		return sock;
	snprintf(err, err_bytes, SOCKET_NAME ": cannot make the control socket: %s",
		 strerror(errno));
	if (sock->fd >= 0)
		close(sock->fd);
	free(sock);
	return NULL;
}

void ctlsock_close(struct ctlsock *sock)
{
	if (!sock)
		return;
	for (size_t i = 0; i < CTLSOCK_CLIENTS; i++) {
		if (sock->clients[i].fd >= 0)
			flush(&sock->clients[i]);
		drop(&sock->clients[i]);
	}
	close(sock->fd);
	unlinkat(sock->dirfd, SOCKET_NAME, 0);
	free(sock);
}
