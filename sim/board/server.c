#include "server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "wire.h"

struct peer {
	int fd;                  /* -1: free */
	uint64_t since;          /* the order they came in */
	struct usbip_conn *conn; /* NULL: over, only the last bytes are on their way */
};

struct server {
	int fd;
	unsigned port;
	uint64_t accepted;
	struct usbip_export *export;
	const struct clock *clock;
	struct peer peers[SERVER_CONNECTIONS];
};

/* -- peers ------------------------------------------------------------------------- */

static void drop(struct peer *peer)
{
	usbip_conn_free(peer->conn);
	peer->conn = NULL;
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = -1;
}

/* Sends what the socket takes. */
static void flush(struct peer *peer)
{
	size_t len, sent;
	const uint8_t *out = usbip_conn_output(peer->conn, &len);

	/* that the peer is gone is noticed where it is read from */
	wire_send(peer->fd, out, len, &sent);
	usbip_conn_sent(peer->conn, sent);
}

/*
 * The last answers, and then the end. Bytes that the peer still sends are read and
 * dropped until it closes too: closing over them would reset the connection, and could
 * take those answers away from the peer.
 */
static void finish(struct peer *peer)
{
	flush(peer);
	shutdown(peer->fd, SHUT_WR);
	usbip_conn_free(peer->conn);
	peer->conn = NULL;
}

/* Reads all there is. Afterwards the peer may be gone. */
static void receive(struct server *server, struct peer *peer)
{
	uint8_t bytes[16384];

	for (;;) {
		ssize_t n = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0) {
			if (peer->conn && usbip_conn_imported(peer->conn))
				log_event("usbip: the host is gone");
			drop(peer);
			return;
		}
		if (peer->conn && !usbip_conn_feed(peer->conn, bytes, (size_t)n,
						   clock_now(server->clock)))
			finish(peer);
	}
}

static bool alive(void *ctx, struct usbip_conn *importer)
{
	struct server *server = ctx;

	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		if (server->peers[i].conn == importer) {
			receive(server, &server->peers[i]);
			return server->peers[i].conn == importer;
		}
	return false;
}

/* A free place, if need be that of the oldest connection without the device. */
static struct peer *place(struct server *server)
{
	struct peer *oldest = NULL;

	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		struct peer *peer = &server->peers[i];

		if (peer->fd < 0)
			return peer;
		if (peer->conn && usbip_conn_imported(peer->conn))
			continue;
		if (!oldest || peer->since < oldest->since)
			oldest = peer;
	}
	drop(oldest); /* at most one has the device */
	return oldest;
}

static void set(int fd, int level, int option, int value)
{
	setsockopt(fd, level, option, &value, sizeof(value));
}

static void welcome(struct server *server)
{
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer;

	if (fd < 0)
		return;
	/* each transfer is a round trip; and a host that vanished frees the device */
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 10);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	peer = place(server);
	peer->conn = usbip_conn_new(server->export);
	if (!peer->conn) {
		close(fd);
		return;
	}
	peer->fd = fd;
	peer->since = ++server->accepted;
}

/* -- the loop's side --------------------------------------------------------------- */

size_t server_pollfds(const struct server *server, struct pollfd fds[SERVER_POLLFDS])
{
	size_t count = 0, waiting;

	fds[count++] = (struct pollfd){ .fd = server->fd, .events = POLLIN };
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		const struct peer *peer = &server->peers[i];

		if (peer->fd < 0)
			continue;
		fds[count] = (struct pollfd){ .fd = peer->fd, .events = POLLIN };
		if (peer->conn && usbip_conn_output(peer->conn, &waiting) && waiting > 0)
			fds[count].events |= POLLOUT;
		count++;
	}
	return count;
}

void server_handle(struct server *server, const struct pollfd *fds, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = 0; fds[i].revents && k < SERVER_CONNECTIONS; k++)
			if (server->peers[k].fd == fds[i].fd) {
				receive(server, &server->peers[k]);
				break;
			}
	if (count > 0 && fds[0].revents)
		welcome(server);
}

void server_run(struct server *server)
{
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		struct peer *peer = &server->peers[i];

		if (!peer->conn)
			continue;
		if (!usbip_conn_run(peer->conn, clock_now(server->clock)))
			finish(peer);
		else
			flush(peer);
	}
}

int64_t server_due_ns(const struct server *server)
{
	int64_t due_ns = CLOCK_NEVER;

	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		const struct usbip_conn *conn = server->peers[i].conn;
		int64_t at_ns = conn ? usbip_conn_due_ns(conn) : CLOCK_NEVER;

		if (at_ns < due_ns)
			due_ns = at_ns;
	}
	return due_ns;
}

/* -- opening ----------------------------------------------------------------------- */

static int listen_on(const struct addrinfo *info)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 16) == 0)
		return fd;
	close(fd);
	return -1;
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return 0;
	if (address.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

struct server *server_open(const char *address, const char *port,
			   struct usbip_export *export, const struct clock *clock,
			   char *err, size_t err_bytes)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct server *server = calloc(1, sizeof(*server));
	struct addrinfo *info = NULL;
	int rc;

	if (!server) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	rc = getaddrinfo(address, port, &hints, &info);
	server->fd = rc == 0 ? listen_on(info) : -1;
	if (server->fd < 0) {
		snprintf(err, err_bytes,
			 "%s port %s: cannot listen: %s; give another with "
			 "--listen and --port (0 is any free port)",
			 address, port, rc ? gai_strerror(rc) : strerror(errno));
		if (info)
			freeaddrinfo(info);
		free(server);
		return NULL;
	}
	freeaddrinfo(info);
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		server->peers[i].fd = -1;
	server->port = port_of(server->fd);
	server->export = export;
	server->clock = clock;
	export->alive = alive;
	export->alive_ctx = server;
	return server;
}

void server_close(struct server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		drop(&server->peers[i]);
	close(server->fd);
	free(server);
}

unsigned server_port(const struct server *server)
{
	return server->port;
}
