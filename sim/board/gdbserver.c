#include "gdbserver.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gdbtarget.h"
#include "log.h"
#include "wire.h"

struct gdbserver {
	struct board *board;
	int listening;
	unsigned port;
	int fd;          /* of the debugger, -1: there is none */
	struct gdb *gdb; /* and its session */
};

/* -- the debugger ---------------------------------------------------------------------------- */

static void part(struct gdbserver *server)
{
	if (server->fd < 0)
		return;
	gdbtarget_attach(server->board, false);
	gdb_free(server->gdb);
	close(server->fd);
	server->gdb = NULL;
	server->fd = -1;
	log_event("gdb: gone");
}

static void welcome(struct gdbserver *server)
{
	int fd = accept4(server->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	const struct gdb_target target = gdbtarget(server->board);
	const int on = 1;

	if (fd < 0)
		return;
	if (server->fd >= 0) {
		log_event("gdb: another debugger is turned away, there is one");
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	gdbtarget_attach(server->board, true);
	server->gdb = gdb_new(&target);
	server->fd = server->gdb ? fd : -1;
	if (!server->gdb) {
		gdbtarget_attach(server->board, false);
		close(fd);
		return;
	}
	log_event("gdb: a debugger has come, the processor is halted");
}

static void flush(struct gdbserver *server)
{
	size_t len, sent;
	const uint8_t *out = gdb_output(server->gdb, &len);

	/* that the debugger is gone is noticed where it is read from */
	wire_send(server->fd, out, len, &sent);
	gdb_sent(server->gdb, sent);
}

static void receive(struct gdbserver *server)
{
	uint8_t bytes[4096];
	ssize_t n = recv(server->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	bool stays;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	stays = n > 0 && gdb_feed(server->gdb, bytes, (size_t)n);
	flush(server);
	if (!stays)
		part(server);
}

/* -- the loop's side --------------------------------------------------------------------------- */

size_t gdbserver_pollfds(const struct gdbserver *server,
			 struct pollfd fds[GDBSERVER_POLLFDS])
{
	size_t len;

	if (!server)
		return 0;
	fds[0] = (struct pollfd){ .fd = server->listening, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = server->fd,
				  .events = POLLIN }; /* -1 is left out */
	if (server->gdb && gdb_output(server->gdb, &len) && len > 0)
		fds[1].events |= POLLOUT;
	return GDBSERVER_POLLFDS;
}

void gdbserver_handle(struct gdbserver *server, const struct pollfd *fds, size_t count)
{
	if (!server || count < GDBSERVER_POLLFDS)
		return;
	if (fds[1].revents && server->fd == fds[1].fd && server->fd >= 0)
		receive(server);
	if (fds[0].revents)
		welcome(server);
}

void gdbserver_run(struct gdbserver *server)
{
	if (!server || !server->gdb)
		return;
	gdb_poll(server->gdb);
	flush(server);
}

void gdbserver_powered(struct gdbserver *server)
{
	if (!server || !server->gdb || !board_machine(server->board))
		return;
	gdbtarget_attach(server->board, true);
}

/* -- opening --------------------------------------------------------------------------------------- */

struct gdbserver *gdbserver_open(struct board *board, unsigned port, char *err,
				 size_t err_bytes)
{
	struct gdbserver *server = calloc(1, sizeof(*server));
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	const int on = 1;

	if (!server) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	server->board = board;
	server->fd = -1;
	server->listening =
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(server->listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server->listening, (struct sockaddr *)&address, len) < 0 ||
	    listen(server->listening, 4) < 0 ||
	    getsockname(server->listening, (struct sockaddr *)&address, &len) < 0) {
		snprintf(err, err_bytes,
			 "GDB port %u: cannot listen: %s; give another with --gdb (0 is "
			 "any free port)",
			 port, strerror(errno));
		gdbserver_close(server);
		return NULL;
	}
	server->port = ntohs(address.sin_port);
	return server;
}

void gdbserver_close(struct gdbserver *server)
{
	if (!server)
		return;
	part(server);
	if (server->listening >= 0)
		close(server->listening);
	free(server);
}

unsigned gdbserver_port(const struct gdbserver *server)
{
	return server ? server->port : 0;
}
