/* USB/IP servers by their names: URLs, connecting, and scanning what they export. */
#include "dev.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUSID_BYTES       32
#define DEFAULT_PORT      3240
#define SET_CONFIGURATION 9 /* [USB2] table 9-4 */

static int connect_one(const struct addrinfo *a, uint64_t deadline)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
	    one = 1;
	socklen_t len = sizeof(int);
	int e = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		e = errno;
		if (e == EINPROGRESS) {
			e = ETIMEDOUT;
			if (usbip_wait(fd, POLLOUT, deadline) == 0)
				getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len);
		}
	}
	if (e) {
		close(fd);
		errno = e;
		return -1;
	}
	return fd;
}

static int connect_to(const char *host, uint16_t port, unsigned timeout_ms,
		      struct dfu_error *err)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	uint64_t deadline = clock_ms() + timeout_ms;
	char service[8];
	int fd = -1, e;

	snprintf(service, sizeof(service), "%u", port);
	e = getaddrinfo(host, service, &want, &found);
	if (e)
		return fail(err, DFU_ERR_NODEV, "%s: %s", host, gai_strerror(e));
	errno = 0;
	for (struct addrinfo *a = found; a && fd < 0; a = a->ai_next)
		fd = connect_one(a, deadline);
	freeaddrinfo(found);
	if (fd < 0) {
		fail(err, DFU_ERR_NODEV, "no USB/IP server at %s port %u: %s", host, port,
		     strerror(errno));
		return hint(err, DFU_ERR_NODEV,
			    "start one (`stmiot sim up`, or usbipd) or name its port");
	}
	return fd;
}

static bool copy_part(char *to, size_t bytes, const char *from, size_t len)
{
	if (!len || len >= bytes)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* ":3240" up to `end`, or nothing for the default. */
static bool take_port(const char *from, const char *end, uint16_t *port)
{
	unsigned number = 0;

	if (from == end) {
		*port = DEFAULT_PORT;
		return true;
	}
	if (*from++ != ':' || from == end || end - from > 5)
		return false;
	for (; from < end; from++) {
		if (*from < '0' || *from > '9')
			return false;
		number = 10 * number + (unsigned)(*from - '0');
	}
	*port = (uint16_t)number;
	return number >= 1 && number <= 65535;
}

int dfu_usbip_url(const char *url, char *host, size_t host_bytes, uint16_t *port,
		  char *busid, size_t busid_bytes, struct dfu_error *err)
{
	const char *from = url + 8, *end, *slash;
	bool v6;

	if (strncmp(url, "usbip://", 8) != 0)
		return fail(err, DFU_ERR_ARG, "\"%s\" does not begin with usbip://", url);
	slash = strchr(from, '/');
	if (!slash)
		return fail(err, DFU_ERR_ARG, "\"%s\" has no /BUSID behind the host",
			    url);
	v6 = *from == '[';
	end = memchr(from, v6 ? ']' : ':', (size_t)(slash - from));
	if (v6 && !end)
		return fail(err, DFU_ERR_ARG, "\"%s\" has a [ without its ]", url);
	if (!end)
		end = slash;
	if (!copy_part(host, host_bytes, from + v6, (size_t)(end - from - v6)))
		return fail(err, DFU_ERR_ARG, "\"%s\" has no host", url);
	if (!take_port(end + v6, slash, port))
		return fail(err, DFU_ERR_ARG,
			    "\"%s\" has no port from 1 to 65535 at offset %d", url,
			    (int)(end + v6 - url));
	if (strchr(slash + 1, '/') ||
	    !copy_part(busid, busid_bytes, slash + 1, strlen(slash + 1)))
		return fail(err, DFU_ERR_ARG, "\"%s\" has no bus id behind the host",
			    url);
	return 0;
}

/* What a host's kernel does when it enumerates. */
static int configure(const struct dfu_io *io, unsigned timeout_ms, struct dfu_error *err)
{
	struct dfu_xfer x = { .bRequest = SET_CONFIGURATION,
			      .wValue = 1,
			      .timeout_ms = timeout_ms };
	int rc = io->transfer(io->ctx, &x, 1, err);

	if (rc == 0 && x.result < 0)
		rc = fail(err, DFU_ERR_STALL, "the device refuses its configuration");
	return rc;
}

int usbip_open(struct dfu_board *board, unsigned timeout_ms, struct dfu_io *io,
	       struct dfu_error *err)
{
	char host[256], busid[BUSID_BYTES];
	uint16_t port;
	int rc = dfu_usbip_url(board->selector, host, sizeof(host), &port, busid,
			       sizeof(busid), err);
	int fd;

	if (rc < 0)
		return rc;
	fd = connect_to(host, port, timeout_ms, err);
	if (fd < 0)
		return fd;
	rc = usbip_import_fd(fd, busid, timeout_ms, io, err);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	copy_clean(board->path, sizeof(board->path), busid);
	rc = configure(io, timeout_ms, err);
	if (rc == DFU_ERR_STALL)
		rc = configure(io, timeout_ms, err);
	if (rc < 0)
		io->close(io->ctx);
	return rc;
}

/* Look into one device of the list: its strings and layouts. */
static void look_into(struct dfu_board *board, unsigned timeout_ms)
{
	struct dfu_error err = { 0 };
	struct dfu_io io;
	int rc = usbip_open(board, timeout_ms, &io, &err);

	if (rc == 0) {
		rc = desc_load(&io, timeout_ms, board, &err);
		io.close(io.ctx);
	}
	board->access = rc == 0              ? DFU_ACCESS_OK
			: rc == DFU_ERR_BUSY ? DFU_ACCESS_BUSY
					     : DFU_ACCESS_FAILED;
	if (rc < 0)
		copy_clean(board->why, sizeof(board->why), err.msg);
}

int dfu_usbip_scan(const char *host, uint16_t port, unsigned timeout_ms,
		   struct dfu_board **out, size_t *n, struct dfu_error *err)
{
	bool v6 = strchr(host, ':') != NULL;
	int fd = connect_to(host, port, timeout_ms, err), rc;

	if (fd < 0)
		return fd;
	rc = usbip_list_fd(fd, timeout_ms, out, n, err);
	close(fd);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < *n; i++) {
		struct dfu_board *b = &(*out)[i];

		snprintf(b->selector, sizeof(b->selector), "usbip://%s%.100s%s:%u/%s",
			 v6 ? "[" : "", host, v6 ? "]" : "", port, b->path);
		if (b->is_dfu)
			look_into(b, timeout_ms);
	}
	return 0;
}
