/*
 * A USB/IP client of our own: no kernel module, no root. The protocol is the kernel's
 * Documentation/usb/usbip_protocol.rst; all numbers are big endian but the setup packet.
 */
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
#include <time.h>
#include <unistd.h>

#define VERSION         0x0111
#define OP_REQ_DEVLIST  0x8005
#define OP_REP_DEVLIST  0x0005
#define OP_REQ_IMPORT   0x8003
#define OP_REP_IMPORT   0x0003
#define CMD_SUBMIT      1
#define CMD_UNLINK      2
#define RET_SUBMIT      3
#define RET_UNLINK      4
#define OP_BYTES        8
#define DEVICE_BYTES    312
#define HEADER_BYTES    48
#define BUSID_BYTES     32
#define DEVICES_MAX     256
#define UNLINK_MS       1000
#define DEFAULT_PORT    3240
#define SET_CONFIG      9  /* [USB2] table 9-4 */
#define SET_INTERFACE   11

struct usbip {
	int fd;
	uint32_t seqnum, devid;
	unsigned timeout_ms; /* of a standard request */
	bool gone;
};

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Wait for `events` until `deadline_ms`; DFU_ERR_TIMEOUT when it passes. */
static int wait_for(int fd, short events, uint64_t deadline_ms)
{
	for (;;) {
		uint64_t now = clock_ms();
		struct pollfd p = { .fd = fd, .events = events };
		int n = poll(&p, 1, now < deadline_ms ? (int)(deadline_ms - now) : 0);

		if (n > 0)
			return 0;
		if (n == 0)
			return DFU_ERR_TIMEOUT;
		if (errno != EINTR)
			return DFU_ERR_IO;
	}
}

/* Exactly `len` bytes. GONE when the other side has closed. */
static int receive(int fd, uint8_t *buf, size_t len, uint64_t deadline_ms)
{
	while (len) {
		ssize_t n = recv(fd, buf, len, MSG_DONTWAIT);

		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			int rc = wait_for(fd, POLLIN, deadline_ms);

			if (rc < 0)
				return rc;
		} else {
			return DFU_ERR_GONE;
		}
	}
	return 0;
}

static int transmit(int fd, const uint8_t *buf, size_t len, uint64_t deadline_ms)
{
	while (len) {
		ssize_t n = send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			buf += n;
			len -= (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			int rc = wait_for(fd, POLLOUT, deadline_ms);

			if (rc < 0)
				return rc;
		} else {
			return DFU_ERR_GONE;
		}
	}
	return 0;
}

/* -- submitting -------------------------------------------------------------------------- */

static int submit(struct usbip *u, const struct dfu_xfer *x, uint32_t seqnum, uint64_t deadline)
{
	bool in = x->bmRequestType & 0x80;
	uint8_t packet[HEADER_BYTES + 4096] = { 0 };
	size_t len = HEADER_BYTES;

	put32(packet, CMD_SUBMIT);
	put32(packet + 4, seqnum);
	put32(packet + 8, u->devid);
	put32(packet + 12, in ? 1 : 0);
	put32(packet + 24, x->wLength);
	packet[40] = x->bmRequestType;
	packet[41] = x->bRequest;
	packet[42] = (uint8_t)x->wValue;
	packet[43] = (uint8_t)(x->wValue >> 8);
	packet[44] = (uint8_t)x->wIndex;
	packet[45] = (uint8_t)(x->wIndex >> 8);
	packet[46] = (uint8_t)x->wLength;
	packet[47] = (uint8_t)(x->wLength >> 8);
	if (!in && x->wLength) {
		memcpy(packet + len, x->data, x->wLength);
		len += x->wLength;
	}
	return transmit(u->fd, packet, len, deadline);
}

/* The kernel's errno in RET_SUBMIT, as usb-host-api has it. */
static int urb_error(int32_t status)
{
	switch (status) {
	case -EPIPE:
		return DFU_ERR_STALL;
	case -ENODEV:
	case -ESHUTDOWN:
		return DFU_ERR_GONE;
	case -ECONNRESET:
	case -ENOENT:
		return DFU_ERR_CANCELLED;
	case -ETIMEDOUT:
		return DFU_ERR_TIMEOUT;
	default:
		return DFU_ERR_IO;
	}
}

/* One RET_* packet; *which is the transfer it ended, or n for none of ours. */
static int take_reply(struct usbip *u, struct dfu_xfer *x, size_t n, uint32_t first,
		      size_t *which, uint64_t deadline)
{
	uint8_t h[HEADER_BYTES];
	uint32_t code, length;
	int rc = receive(u->fd, h, sizeof(h), deadline);

	if (rc < 0)
		return rc;
	code = get32(h);
	*which = n;
	if (code == RET_UNLINK)
		return 0;
	if (code != RET_SUBMIT || get32(h + 4) - first >= n)
		return DFU_ERR_IO;
	*which = get32(h + 4) - first;
	x += *which;
	length = get32(h + 24);
	if (length > x->wLength)
		return DFU_ERR_IO;
	if ((x->bmRequestType & 0x80) && length) {
		rc = receive(u->fd, x->data, length, deadline);
		if (rc < 0)
			return rc;
	}
	x->result = get32(h + 20) ? urb_error((int32_t)get32(h + 20)) : (int)length;
	return 0;
}

#define PENDING INT32_MIN

/* Take back what has not been answered: the first has timed out, the others wait in vain. */
static void unlink_pending(struct usbip *u, struct dfu_xfer *x, size_t n, uint32_t first)
{
	uint64_t deadline = clock_ms() + UNLINK_MS;
	size_t unlinked = 0, which;
	bool timed_out = false;

	for (size_t i = 0; i < n; i++) {
		uint8_t h[HEADER_BYTES] = { 0 };

		if (x[i].result != PENDING)
			continue;
		put32(h, CMD_UNLINK);
		put32(h + 4, ++u->seqnum);
		put32(h + 8, u->devid);
		put32(h + 20, first + (uint32_t)i);
		if (transmit(u->fd, h, sizeof(h), deadline) == 0)
			unlinked++;
	}
	while (unlinked) {
		if (take_reply(u, x, n, first, &which, deadline) < 0)
			break;
		if (which == n)
			unlinked--;
	}
	for (size_t i = 0; i < n; i++) {
		if (x[i].result != PENDING)
			continue;
		x[i].result = timed_out ? DFU_ERR_CANCELLED : DFU_ERR_TIMEOUT;
		timed_out = true;
	}
}

static void end_pending(struct dfu_xfer *x, size_t n, int with)
{
	for (size_t i = 0; i < n; i++)
		if (x[i].result == PENDING)
			x[i].result = with;
}

static int collect(struct usbip *u, struct dfu_xfer *x, size_t n, uint32_t first)
{
	size_t left = n, oldest = 0, which;
	uint64_t deadline = clock_ms() + x[0].timeout_ms;
	int rc;

	while (left) {
		rc = take_reply(u, x, n, first, &which, deadline);
		if (rc == DFU_ERR_TIMEOUT) {
			unlink_pending(u, x, n, first);
			return rc;
		}
		if (rc < 0) {
			u->gone = true;
			end_pending(x, n, DFU_ERR_GONE);
			return rc;
		}
		if (which < n)
			left--;
		while (oldest < n && x[oldest].result != PENDING)
			oldest++;
		if (oldest < n)
			deadline = clock_ms() + x[oldest].timeout_ms;
	}
	return 0;
}

static const char *request_name(const struct dfu_xfer *x)
{
	static const char *const names[] = { "DETACH",	  "DNLOAD",   "UPLOAD", "GETSTATUS",
					     "CLRSTATUS", "GETSTATE", "ABORT" };

	if ((x->bmRequestType & 0x60) != 0x20 || x->bRequest > DFU_ABORT)
		return "a standard request";
	return names[x->bRequest];
}

/* The first transfer that failed, other than by a stall, in words. */
static int summarize(const struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	for (size_t i = 0; i < n; i++) {
		switch (x[i].result) {
		case DFU_ERR_TIMEOUT:
			return fail(err, DFU_ERR_TIMEOUT, "no answer to %s within %u ms",
				    request_name(&x[i]), x[i].timeout_ms);
		case DFU_ERR_GONE:
			return fail(err, DFU_ERR_GONE, "the board left the bus at %s",
				    request_name(&x[i]));
		case DFU_ERR_IO:
		case DFU_ERR_CANCELLED:
			return fail(err, DFU_ERR_IO, "%s failed on the bus", request_name(&x[i]));
		}
	}
	return 0;
}

static int usbip_transfer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	struct usbip *u = ctx;
	uint32_t first = u->seqnum + 1;
	size_t sent = 0;

	for (size_t i = 0; i < n; i++)
		x[i].result = PENDING;
	u->seqnum += (uint32_t)n;
	while (sent < n && !u->gone) {
		if (submit(u, &x[sent], first + (uint32_t)sent,
			   clock_ms() + x[sent].timeout_ms) < 0)
			break;
		sent++;
	}
	if (sent)
		collect(u, x, sent, first);
	if (sent < n) {
		u->gone = true;
		end_pending(x, n, DFU_ERR_GONE);
	}
	return summarize(x, n, err);
}

static int standard_request(struct usbip *u, uint8_t type, uint8_t req, uint16_t value,
			    uint16_t index, struct dfu_error *err)
{
	struct dfu_xfer x = { .bmRequestType = type,
			      .bRequest = req,
			      .wValue = value,
			      .wIndex = index,
			      .timeout_ms = u->timeout_ms };
	int rc = usbip_transfer(u, &x, 1, err);

	if (rc == 0 && x.result < 0)
		rc = fail(err, DFU_ERR_STALL, "the device refuses its %s",
			  req == SET_CONFIG ? "configuration" : "alternate setting");
	return rc;
}

static int usbip_set_alt(void *ctx, uint8_t interface, uint8_t alt, struct dfu_error *err)
{
	return standard_request(ctx, 0x01, SET_INTERFACE, alt, interface, err);
}

static int usbip_wait_gone(void *ctx, unsigned timeout_ms)
{
	struct usbip *u = ctx;
	uint64_t deadline = clock_ms() + timeout_ms;
	uint8_t scrap[256];
	ssize_t got;

	while (!u->gone) {
		if (wait_for(u->fd, POLLIN, deadline) < 0)
			return 0;
		got = recv(u->fd, scrap, sizeof(scrap), MSG_DONTWAIT);
		u->gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
	}
	return 1;
}

static void usbip_close(void *ctx)
{
	struct usbip *u = ctx;

	close(u->fd);
	free(u);
}

/* -- operations -------------------------------------------------------------------------- */

static int op_request(int fd, uint16_t code, const char *busid, uint64_t deadline)
{
	uint8_t p[OP_BYTES + BUSID_BYTES] = { VERSION >> 8, VERSION & 0xff, (uint8_t)(code >> 8),
					      (uint8_t)code };
	size_t len = OP_BYTES;

	if (busid) {
		memcpy(p + OP_BYTES, busid, strnlen(busid, BUSID_BYTES - 1));
		len += BUSID_BYTES;
	}
	return transmit(fd, p, len, deadline);
}

static int op_reply(int fd, uint16_t code, uint64_t deadline, struct dfu_error *err)
{
	uint8_t h[OP_BYTES];
	int rc = receive(fd, h, sizeof(h), deadline);

	if (rc < 0)
		return fail(err, rc == DFU_ERR_TIMEOUT ? rc : DFU_ERR_IO,
			    "the USB/IP server gives no answer");
	if (get16(h + 2) != code)
		return fail(err, DFU_ERR_FORMAT,
			    "this is no USB/IP server: it answers 0x%04x where 0x%04x is due",
			    get16(h + 2), code);
	if (get16(h) != VERSION)
		return fail(err, DFU_ERR_FORMAT,
			    "the USB/IP server speaks version %x.%02x, we 1.11", h[0], h[1]);
	return (int)(get32(h + 4) & 0x7fffffff);
}

/* The device block of 312 bytes: path 256, busid 32, busnum, devnum, speed, ids... */
static void take_device(const uint8_t *d, struct dfu_board *board)
{
	char busid[BUSID_BYTES + 1] = { 0 };

	memcpy(busid, d + 256, BUSID_BYTES);
	memset(board, 0, sizeof(*board));
	board->bus = DFU_BUS_USBIP;
	copy_clean(board->path, sizeof(board->path), busid);
	board->idVendor = get16(d + 300);
	board->idProduct = get16(d + 302);
	board->bcdDevice = get16(d + 304);
}

static int list_devices(int fd, struct dfu_board *boards, uint32_t n, uint64_t deadline)
{
	for (uint32_t i = 0; i < n; i++) {
		uint8_t d[DEVICE_BYTES], interface[4];
		int rc = receive(fd, d, sizeof(d), deadline);

		if (rc < 0)
			return rc;
		take_device(d, &boards[i]);
		for (unsigned k = 0; k < d[311]; k++) {
			rc = receive(fd, interface, sizeof(interface), deadline);
			if (rc < 0)
				return rc;
			if (interface[0] == 0xfe && interface[1] == 1 && interface[2] == 2)
				boards[i].is_dfu = true;
		}
	}
	return 0;
}

int usbip_list_fd(int fd, unsigned timeout_ms, struct dfu_board **out, size_t *n,
		  struct dfu_error *err)
{
	uint64_t deadline = clock_ms() + timeout_ms;
	struct dfu_board *boards;
	uint8_t count[4];
	int rc;

	op_request(fd, OP_REQ_DEVLIST, NULL, deadline);
	rc = op_reply(fd, OP_REP_DEVLIST, deadline, err);
	if (rc < 0)
		return rc;
	if (rc > 0)
		return fail(err, DFU_ERR_IO, "the USB/IP server refuses its list (status %d)", rc);
	if (receive(fd, count, sizeof(count), deadline) < 0)
		return fail(err, DFU_ERR_FORMAT, "the USB/IP server's list is cut short");
	if (get32(count) > DEVICES_MAX)
		return fail(err, DFU_ERR_FORMAT, "the USB/IP server lists %" PRIu32 " devices",
			    get32(count));
	boards = calloc(get32(count) + 1, sizeof(*boards));
	if (!boards)
		return fail(err, DFU_ERR_NOMEM, "no room for a list of devices");
	if (list_devices(fd, boards, get32(count), deadline) < 0) {
		free(boards);
		return fail(err, DFU_ERR_FORMAT, "the USB/IP server's list is cut short");
	}
	*out = boards;
	*n = get32(count);
	return 0;
}

int usbip_import_fd(int fd, const char *busid, unsigned timeout_ms, struct dfu_io *io,
		    struct dfu_error *err)
{
	uint64_t deadline = clock_ms() + timeout_ms;
	uint8_t d[DEVICE_BYTES];
	struct usbip *u;
	int rc;

	op_request(fd, OP_REQ_IMPORT, busid, deadline);
	rc = op_reply(fd, OP_REP_IMPORT, deadline, err);
	if (rc < 0)
		return rc;
	/* 1 is ST_NA, 2 ST_DEV_BUSY, 3 ST_DEV_ERR, 4 ST_NODEV (tools/usb/usbip, usbip_common.h) */
	if (rc == 4)
		return fail(err, DFU_ERR_NODEV, "the USB/IP server has no device %s", busid);
	if (rc > 0)
		return fail(err, DFU_ERR_BUSY,
			    "the USB/IP server does not give %s away (status %d): "
			    "it is in use or not there",
			    busid, rc);
	if (receive(fd, d, sizeof(d), deadline) < 0)
		return fail(err, DFU_ERR_FORMAT, "the USB/IP server's answer is cut short");
	u = calloc(1, sizeof(*u));
	if (!u)
		return fail(err, DFU_ERR_NOMEM, "no room for a USB/IP device");
	u->fd = fd;
	u->timeout_ms = timeout_ms;
	u->devid = get32(d + 288) << 16 | (get32(d + 292) & 0xffff);
	*io = (struct dfu_io){ u, usbip_transfer, usbip_set_alt, usbip_wait_gone, usbip_close };
	return 0;
}

/* -- connecting -------------------------------------------------------------------------- */

static int connect_one(const struct addrinfo *a, uint64_t deadline)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	socklen_t len = sizeof(int);
	int e = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		e = errno;
		if (e == EINPROGRESS) {
			e = ETIMEDOUT;
			if (wait_for(fd, POLLOUT, deadline) == 0)
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

static int connect_to(const char *host, uint16_t port, unsigned timeout_ms, struct dfu_error *err)
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

int dfu_usbip_url(const char *url, char *host, size_t host_bytes, uint16_t *port, char *busid,
		  size_t busid_bytes, struct dfu_error *err)
{
	const char *from, *end, *slash, *colon;
	unsigned long number = DEFAULT_PORT;
	char *rest;

	if (strncmp(url, "usbip://", 8) != 0)
		return fail(err, DFU_ERR_ARG, "\"%s\" does not begin with usbip://", url);
	from = url + 8;
	slash = strrchr(from, '/');
	if (!slash)
		return fail(err, DFU_ERR_ARG, "\"%s\" has no /BUSID behind the host", url);
	end = from[0] == '[' ? memchr(from, ']', (size_t)(slash - from)) : NULL;
	colon = memchr(end ? end : from, ':', (size_t)(slash - (end ? end : from)));
	if (end ? !copy_part(host, host_bytes, from + 1, (size_t)(end - from - 1))
		: !copy_part(host, host_bytes, from, (size_t)((colon ? colon : slash) - from)))
		return fail(err, DFU_ERR_ARG, "\"%s\" has no host", url);
	if (colon) {
		number = strtoul(colon + 1, &rest, 10);
		if (rest != slash || number < 1 || number > 65535 || rest == colon + 1)
			return fail(err, DFU_ERR_ARG, "\"%s\" has no port from 1 to 65535 at offset %d",
				    url, (int)(colon + 1 - url));
	}
	if (!copy_part(busid, busid_bytes, slash + 1, strlen(slash + 1)))
		return fail(err, DFU_ERR_ARG, "\"%s\" has no bus id behind the host", url);
	*port = (uint16_t)number;
	return 0;
}

int usbip_open(struct dfu_board *board, unsigned timeout_ms, struct dfu_io *io,
	       struct dfu_error *err)
{
	char host[256], busid[BUSID_BYTES];
	uint16_t port;
	int rc = dfu_usbip_url(board->selector, host, sizeof(host), &port, busid, sizeof(busid),
			       err);
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
	/* What a host's kernel does when it enumerates. */
	rc = standard_request(io->ctx, 0x00, SET_CONFIG, 1, 0, err);
	if (rc == DFU_ERR_STALL)
		rc = standard_request(io->ctx, 0x00, SET_CONFIG, 1, 0, err);
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
	board->access = rc == 0			? DFU_ACCESS_OK
			: rc == DFU_ERR_BUSY ? DFU_ACCESS_BUSY
						: DFU_ACCESS_FAILED;
	if (rc < 0)
		copy_clean(board->why, sizeof(board->why), err.msg);
}

int dfu_usbip_scan(const char *host, uint16_t port, unsigned timeout_ms, struct dfu_board **out,
		   size_t *n, struct dfu_error *err)
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
