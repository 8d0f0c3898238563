/*
 * A USB/IP client of our own: no kernel module, no root. The protocol is the kernel's
 * Documentation/usb/usbip_protocol.rst; all numbers are big endian but the setup packet.
 */
#include "dev.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION        0x0111
#define OP_REQ_DEVLIST 0x8005
#define OP_REP_DEVLIST 0x0005
#define OP_REQ_IMPORT  0x8003
#define OP_REP_IMPORT  0x0003
#define CMD_SUBMIT     1
#define CMD_UNLINK     2
#define RET_SUBMIT     3
#define RET_UNLINK     4
#define OP_BYTES       8
#define DEVICE_BYTES   312
#define HEADER_BYTES   48
#define BUSID_BYTES    32
#define DEVICES_MAX    256
#define GRACE_MS       1000 /* for the rest of a packet, or the answer to an unlink */
#define DATA_MAX       4096 /* of one transfer */
#define SET_INTERFACE  11   /* [USB2] table 9-4 */

struct usbip {
	int fd;
	uint32_t seqnum, devid;
	unsigned timeout_ms; /* of a standard request */
	unsigned grace_ms;
	bool gone;
};

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

int usbip_wait(int fd, short events, uint64_t deadline_ms)
{
	for (;;) {
		uint64_t now = clock_ms();
		struct pollfd p = { .fd = fd, .events = events };
		uint64_t left = now < deadline_ms ? deadline_ms - now : 0;
		int n = poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX);

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
			int rc = usbip_wait(fd, POLLIN, deadline_ms);

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
			int rc = usbip_wait(fd, POLLOUT, deadline_ms);

			if (rc < 0)
				return rc;
		} else {
			return DFU_ERR_GONE;
		}
	}
	return 0;
}

/* -- submitting -------------------------------------------------------------------- */

static int submit(struct usbip *u, const struct dfu_xfer *x, uint32_t seqnum,
		  uint64_t deadline)
{
	bool in = x->bmRequestType & 0x80;
	uint8_t packet[HEADER_BYTES + DATA_MAX] = { 0 };
	size_t len = HEADER_BYTES;
	int rc;

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
	if (!in && x->wLength > DATA_MAX)
		return DFU_ERR_IO;
	if (!in && x->wLength) {
		memcpy(packet + len, x->data, x->wLength);
		len += x->wLength;
	}
	rc = transmit(u->fd, packet, len, deadline);
	explicit_bzero(packet, len);
	return rc;
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

#define PENDING INT32_MIN

/*
 * One RET_* packet; *which is the transfer it ended, or n for none of ours. TIMEOUT only
 * where no packet has begun: in the middle of one there is no way back into step.
 */
static int take_reply(struct usbip *u, struct dfu_xfer *x, size_t n, uint32_t first,
		      size_t *which, uint64_t deadline)
{
	uint8_t h[HEADER_BYTES];
	uint32_t code, length;
	int rc = usbip_wait(u->fd, POLLIN, deadline);

	if (rc < 0)
		return rc;
	deadline = clock_ms() + u->grace_ms;
	if (receive(u->fd, h, sizeof(h), deadline) < 0)
		return DFU_ERR_GONE;
	code = get32(h);
	*which = n;
	if (code == RET_UNLINK)
		return 0;
	if (code != RET_SUBMIT || get32(h + 4) - first >= n)
		return DFU_ERR_IO;
	*which = get32(h + 4) - first;
	x += *which;
	length = get32(h + 24);
	if (length > x->wLength || x->result != PENDING)
		return DFU_ERR_IO;
	if ((x->bmRequestType & 0x80) && length &&
	    receive(u->fd, x->data, length, deadline) < 0)
		return DFU_ERR_GONE;
	x->result = get32(h + 20) ? urb_error((int32_t)get32(h + 20)) : (int)length;
	return 0;
}

/*
 * Take back what has not been answered: the first has timed out, the others wait in vain. A
 * server that does not even answer this is of no use any more.
 */
static void unlink_pending(struct usbip *u, struct dfu_xfer *x, size_t n, uint32_t first)
{
	uint64_t deadline = clock_ms() + u->grace_ms;
	size_t unlinked = 0, which;
	bool timed_out = false;

	/* From the last one, so that none gets its turn because one before it went. */
	for (size_t i = n; i-- > 0;) {
		uint8_t h[HEADER_BYTES] = { 0 };

		if (x[i].result != PENDING)
			continue;
		put32(h, CMD_UNLINK);
		put32(h + 4, ++u->seqnum);
		put32(h + 8, u->devid);
		put32(h + 20, first + (uint32_t)i);
		unlinked++;
		if (transmit(u->fd, h, sizeof(h), deadline) < 0)
			break;
	}
	while (unlinked && take_reply(u, x, n, first, &which, deadline) == 0)
		unlinked -= which == n;
	u->gone = unlinked > 0;
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
		/* What is not ours is no reason to wait longer. */
		if (rc == 0 && which == n && clock_ms() >= deadline)
			rc = DFU_ERR_TIMEOUT;
		if (rc == DFU_ERR_TIMEOUT) {
			unlink_pending(u, x, n, first);
			return rc;
		}
		if (rc < 0) {
			u->gone = true;
			end_pending(x, n, DFU_ERR_GONE);
			return rc;
		}
		left -= which < n;
		while (oldest < n && x[oldest].result != PENDING)
			oldest++;
		if (oldest < n && which < n)
			deadline = clock_ms() + x[oldest].timeout_ms;
	}
	return 0;
}

static const char *request_name(const struct dfu_xfer *x)
{
	static const char *const names[] = { "DETACH",    "DNLOAD",    "UPLOAD",
					     "GETSTATUS", "CLRSTATUS", "GETSTATE",
					     "ABORT" };

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
			return fail(err, DFU_ERR_IO, "%s failed on the bus",
				    request_name(&x[i]));
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
	u->grace_ms = x[0].timeout_ms < GRACE_MS ? x[0].timeout_ms : GRACE_MS;
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

static int usbip_set_alt(void *ctx, uint8_t interface, uint8_t alt, struct dfu_error *err)
{
	const struct usbip *u = ctx;
	struct dfu_xfer x = { .bmRequestType = 0x01,
			      .bRequest = SET_INTERFACE,
			      .wValue = alt,
			      .wIndex = interface,
			      .timeout_ms = u->timeout_ms };
	int rc = usbip_transfer(ctx, &x, 1, err);

	if (rc == 0 && x.result < 0)
		rc = fail(err, DFU_ERR_STALL, "the device refuses its alternate setting");
	return rc;
}

static int usbip_wait_gone(void *ctx, unsigned timeout_ms)
{
	struct usbip *u = ctx;
	uint64_t deadline = clock_ms() + timeout_ms;
	uint8_t scrap[256];
	ssize_t got;

	while (!u->gone) {
		if (usbip_wait(u->fd, POLLIN, deadline) < 0 || clock_ms() > deadline)
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

/* -- operations -------------------------------------------------------------------- */

static int op_request(int fd, uint16_t code, const char *busid, uint64_t deadline)
{
	uint8_t p[OP_BYTES + BUSID_BYTES] = { VERSION >> 8, VERSION & 0xff,
					      (uint8_t)(code >> 8), (uint8_t)code };
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
		return fail(
			err, DFU_ERR_FORMAT,
			"this is no USB/IP server: it answers 0x%04x where 0x%04x is due",
			get16(h + 2), code);
	if (get16(h) != VERSION)
		return fail(err, DFU_ERR_FORMAT,
			    "the USB/IP server speaks version %x.%02x, we 1.11", h[0],
			    h[1]);
	return get32(h + 4) < INT_MAX ? (int)get32(h + 4) : INT_MAX;
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
			if (interface[0] == 0xfe && interface[1] == 1 &&
			    interface[2] == 2)
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
		return fail(err, DFU_ERR_IO,
			    "the USB/IP server refuses its list (status %d)", rc);
	if (receive(fd, count, sizeof(count), deadline) < 0)
		return fail(err, DFU_ERR_FORMAT, "the USB/IP server's list is cut short");
	if (get32(count) > DEVICES_MAX)
		return fail(err, DFU_ERR_FORMAT,
			    "the USB/IP server lists %" PRIu32 " devices", get32(count));
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
		return fail(err, DFU_ERR_NODEV, "the USB/IP server has no device %s",
			    busid);
	if (rc > 0)
		return fail(err, DFU_ERR_BUSY,
			    "the USB/IP server does not give %s away (status %d): "
			    "it is in use or not there",
			    busid, rc);
	if (receive(fd, d, sizeof(d), deadline) < 0)
		return fail(err, DFU_ERR_FORMAT,
			    "the USB/IP server's answer is cut short");
	u = calloc(1, sizeof(*u));
	if (!u)
		return fail(err, DFU_ERR_NOMEM, "no room for a USB/IP device");
	u->fd = fd;
	u->timeout_ms = timeout_ms;
	u->devid = get32(d + 288) << 16 | (get32(d + 292) & 0xffff);
	*io = (struct dfu_io){ u, usbip_transfer, usbip_set_alt, usbip_wait_gone,
			       usbip_close };
	return 0;
}
