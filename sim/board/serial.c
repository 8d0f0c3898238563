#include "serial.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "periph/usart.h"

#define RING_BYTES  16384
#define KEPT_BYTES  4096     /* of it, when it overflows */
#define TTY_BYTES   4095     /* what a terminal's reader finds at most (n_tty) */
#define RETRY_NS    10000000 /* a terminal does not say when its reader has read */
#define STDOUT_ONCE 512      /* what a pipe that polls as writable surely takes */

enum kind { NONE, PTY, TCP, STDOUT };

static const char *const kind_names[] = { "none", "pty", "tcp", "stdout" };

struct port {
	struct serial *serial;
	unsigned number; /* as in periph/usart.h */
	enum kind kind;
	uint16_t tcp_port;
	int fd; /* the terminal's master, or the TCP client; -1: none */
	int slave;
	int listener;
	char path[64];
	char link[16]; /* in the folder; empty: none */

	uint8_t ring[RING_BYTES]; /* from the chip, on its way out */
	size_t start, len;
};

struct serial {
	int dirfd;
	struct mcu *mcu;
	size_t count;
	struct port *ports[SERIAL_PORTS];
};

/* -- what is wanted ------------------------------------------------------------------ */

struct want {
	unsigned number;
	enum kind kind;
	uint16_t tcp_port;
};

static bool parse_kind(const char *text, struct want *want)
{
	unsigned long port;
	char *end;

	for (want->kind = NONE; want->kind <= STDOUT; want->kind++)
		if (want->kind != TCP && strcmp(text, kind_names[want->kind]) == 0)
			return true;
	if (strncmp(text, "tcp:", 4) != 0 || !isdigit((unsigned char)text[4]))
		return false;
	port = strtoul(text + 4, &end, 10);
	want->kind = TCP;
	want->tcp_port = (uint16_t)port;
	return !*end && port <= 65535;
}

static bool parse(const char *text, struct want *want)
{
	size_t len = strcspn(text, "=");

	if (text[len] != '=')
		return false;
	for (want->number = 1; usart_name(want->number); want->number++) {
		const char *name = usart_name(want->number);

		if (strlen(name) == len && strncasecmp(name, text, len) == 0)
			return parse_kind(text + len + 1, want);
	}
	return false;
}

bool serial_fits(const char *text)
{
	struct want want;

	return parse(text, &want);
}

/* -- from the chip ------------------------------------------------------------------- */

static void drop(struct port *port, size_t len)
{
	port->start = (port->start + len) % RING_BYTES;
	port->len -= len;
}

/* Nobody reads: the terminal's old bytes make room for new ones. */
static void overflow(struct port *port)
{
	drop(port, RING_BYTES - KEPT_BYTES);
	if (port->kind == PTY)
		tcflush(port->slave, TCIFLUSH);
}

static void sent(void *ctx, uint8_t byte)
{
	struct port *port = ctx;

	if (port->len == RING_BYTES)
		overflow(port);
	port->ring[(port->start + port->len++) % RING_BYTES] = byte;
}

/* As many bytes as are in one piece. */
static size_t piece(const struct port *port)
{
	size_t whole = RING_BYTES - port->start;

	return port->len < whole ? port->len : whole;
}

static size_t tty_takes(const struct port *port)
{
	int unread = 0;

	if (ioctl(port->slave, FIONREAD, &unread) < 0 || unread >= TTY_BYTES)
		return 0;
	return TTY_BYTES - (size_t)unread;
}

static size_t stdout_takes(void)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&fd, 1, 0) == 1 && fd.revents & POLLOUT ? STDOUT_ONCE : 0;
}

static ssize_t put(struct port *port, size_t len)
{
	const uint8_t *from = port->ring + port->start;

	if (port->kind == TCP)
		return send(port->fd, from, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return write(port->fd, from, len);
}

static void pump_out(struct port *port)
{
	while (port->fd >= 0 && port->len > 0) {
		size_t takes = port->kind == PTY      ? tty_takes(port)
			       : port->kind == STDOUT ? stdout_takes()
						      : RING_BYTES;
		size_t len = piece(port) < takes ? piece(port) : takes;
		ssize_t n = len > 0 ? put(port, len) : 0;

		if (n <= 0)
			return;
		drop(port, (size_t)n);
	}
}

/* -- to the chip --------------------------------------------------------------------- */

static void hang_up(struct port *port)
{
	close(port->fd);
	port->fd = -1;
}

static size_t room(const struct port *port)
{
	/* without power nobody listens */
	return port->serial->mcu ? usart_room(port->serial->mcu, port->number) : 256;
}

static void pump_in(struct port *port)
{
	uint8_t bytes[256];
	size_t takes = room(port);
	ssize_t n;

	if (takes == 0)
		return;
	n = read(port->fd, bytes, takes < sizeof(bytes) ? takes : sizeof(bytes));
	if (n < 0 && (errno == EAGAIN || errno == EINTR || port->kind == PTY))
		return;
	if (n <= 0)
		hang_up(port);
	for (ssize_t i = 0; i < n && port->serial->mcu; i++)
		usart_give(port->serial->mcu, port->number, bytes[i]);
}

/* One client; a new one takes the place of the old. */
static void welcome(struct port *port)
{
	int fd = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (port->fd >= 0)
		hang_up(port);
	port->fd = fd;
}

void serial_wire(struct serial *serial, struct mcu *mcu)
{
	serial->mcu = mcu;
	for (size_t i = 0; mcu && i < serial->count; i++)
		usart_attach(mcu, serial->ports[i]->number, sent, serial->ports[i]);
}

/* -- the loop's side ----------------------------------------------------------------- */

void serial_run(struct serial *serial)
{
	for (size_t i = 0; i < serial->count; i++)
		pump_out(serial->ports[i]);
}

size_t serial_pollfds(const struct serial *serial, struct pollfd fds[SERIAL_POLLFDS])
{
	size_t count = 0;

	for (size_t i = 0; i < serial->count; i++) {
		const struct port *port = serial->ports[i];
		short events = room(port) > 0 ? POLLIN : 0;

		if (port->listener >= 0)
			fds[count++] =
				(struct pollfd){ .fd = port->listener, .events = POLLIN };
		if (port->fd < 0)
			continue;
		if (port->kind == STDOUT)
			events = port->len > 0 ? POLLOUT : 0;
		else if (port->kind == TCP && port->len > 0)
			events |= POLLOUT;
		fds[count++] = (struct pollfd){ .fd = port->fd, .events = events };
	}
	return count;
}

static void handle(struct port *port, const struct pollfd *fd)
{
	if (fd->fd == port->listener)
		welcome(port);
	else if (port->kind == STDOUT && fd->revents & (POLLERR | POLLHUP | POLLNVAL))
		port->fd = -1; /* its reader is gone */
	else if (port->kind != STDOUT && fd->revents & POLLIN)
		pump_in(port);
	else if (port->kind == TCP && fd->revents & (POLLERR | POLLHUP))
		hang_up(port);
}

void serial_handle(struct serial *serial, const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; fds[i].revents && k < serial->count; k++) {
			struct port *port = serial->ports[k];

			if (fds[i].fd != port->fd && fds[i].fd != port->listener)
				continue;
			handle(port, &fds[i]);
			break;
		}
	serial_run(serial);
}

int64_t serial_wait_ns(const struct serial *serial)
{
	for (size_t i = 0; i < serial->count; i++)
		if (serial->ports[i]->kind == PTY && serial->ports[i]->len > 0)
			return RETRY_NS;
	return -1;
}

bool serial_look(const struct serial *serial, size_t i, struct serial_view *view)
{
	const struct port *port;

	if (i >= serial->count)
		return false;
	port = serial->ports[i];
	*view = (struct serial_view){ usart_name(port->number), kind_names[port->kind],
				      port->path };
	return true;
}

/* -- opening ------------------------------------------------------------------------- */

static bool open_pty(struct port *port, int dirfd)
{
	struct termios raw;
	size_t i;

	port->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (port->fd < 0 || grantpt(port->fd) < 0 || unlockpt(port->fd) < 0 ||
	    ptsname_r(port->fd, port->path, sizeof(port->path)) != 0)
		return false;
	/* held open, or the master would hang up whenever a reader goes */
	port->slave = open(port->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port->slave < 0 || fchmod(port->slave, 0600) < 0 ||
	    tcgetattr(port->slave, &raw) < 0)
		return false;
	cfmakeraw(&raw);
	if (tcsetattr(port->slave, TCSANOW, &raw) < 0)
		return false;
	for (i = 0; usart_name(port->number)[i]; i++)
		port->link[i] = (char)tolower((unsigned char)usart_name(port->number)[i]);
	unlinkat(dirfd, port->link, 0); /* the folder is locked: nobody's */
	return symlinkat(port->path, dirfd, port->link) == 0;
}

static bool open_tcp(struct port *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port->tcp_port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	port->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (port->listener < 0)
		return false;
	setsockopt(port->listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(port->listener, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    listen(port->listener, 4) < 0 ||
	    getsockname(port->listener, (struct sockaddr *)&at, &len) < 0)
		return false;
	snprintf(port->path, sizeof(port->path), "127.0.0.1:%u", ntohs(at.sin_port));
	return true;
}

static bool open_port(struct serial *serial, const struct want *want)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return false;
	port->serial = serial;
	port->number = want->number;
	port->kind = want->kind;
	port->tcp_port = want->tcp_port;
	port->fd = port->slave = port->listener = -1;
	serial->ports[serial->count++] = port;
	if (port->kind == PTY)
		return open_pty(port, serial->dirfd);
	if (port->kind == TCP)
		return open_tcp(port);
	port->fd = STDOUT_FILENO;
	snprintf(port->path, sizeof(port->path), "stdout");
	return true;
}

struct serial *serial_open(int dirfd, const char *const *texts, size_t count, char *err,
			   size_t err_bytes)
{
	struct want wants[SERIAL_PORTS + 1] = { [3] = { 3, PTY, 0 } }, want;
	struct serial *serial = calloc(1, sizeof(*serial));

	if (!serial) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	serial->dirfd = dirfd;
	for (size_t i = 0; i < count; i++)
		if (parse(texts[i], &want))
			wants[want.number] = want;
	for (unsigned n = 1; n <= SERIAL_PORTS; n++) {
		if (wants[n].kind == NONE || open_port(serial, &wants[n]))
			continue;
		snprintf(err, err_bytes, "%s: cannot open its %s: %s", usart_name(n),
			 kind_names[wants[n].kind], strerror(errno));
		serial_close(serial);
		return NULL;
	}
	return serial;
}

void serial_close(struct serial *serial)
{
	for (size_t i = 0; serial && i < serial->count; i++) {
		struct port *port = serial->ports[i];

		if (*port->link)
			unlinkat(serial->dirfd, port->link, 0);
		if (port->kind != STDOUT && port->fd >= 0)
			close(port->fd);
		if (port->slave >= 0)
			close(port->slave);
		if (port->listener >= 0)
			close(port->listener);
		free(port);
	}
	free(serial);
}
