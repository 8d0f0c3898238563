/* The door to libusb-1.0. Which devices there are is for sysfs.c. */
#include "sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <libusb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct usb {
	libusb_context *lib;
	libusb_device_handle *handle;
	int fd;        /* of the node; libusb does not close it */
	int interface; /* claimed, or -1 */
	char node[40];
};

/* -- transfers --------------------------------------------------------------------- */

/* The transfers of one call: which are over, and the library's own. */
struct batch {
	struct libusb_transfer **t;
	size_t n;
	size_t over;    /* of the submitted ones */
	int progressed; /* set by the callback */
};

static void LIBUSB_CALL ended(struct libusb_transfer *t)
{
	struct batch *b = t->user_data;

	b->over++;
	b->progressed = 1;
}

static int transfer_result(const struct libusb_transfer *t)
{
	switch (t->status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return t->actual_length;
	case LIBUSB_TRANSFER_STALL:
		return DFU_ERR_STALL;
	case LIBUSB_TRANSFER_NO_DEVICE:
		return DFU_ERR_GONE;
	case LIBUSB_TRANSFER_CANCELLED:
	case LIBUSB_TRANSFER_TIMED_OUT:
		return DFU_ERR_CANCELLED;
	default:
		return DFU_ERR_IO;
	}
}

static void free_batch(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->t[i])
			wipe_and_free(b->t[i]->buffer, (size_t)b->t[i]->length);
		libusb_free_transfer(b->t[i]);
	}
	free(b->t);
}

static int make_batch(struct usb *u, struct dfu_xfer *x, size_t n, struct batch *b)
{
	*b = (struct batch){ .t = calloc(n, sizeof(*b->t)), .n = n };
	if (!b->t)
		return DFU_ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		uint8_t *buf = malloc(LIBUSB_CONTROL_SETUP_SIZE + (size_t)x[i].wLength);

		b->t[i] = libusb_alloc_transfer(0);
		if (!buf || !b->t[i]) {
			free(buf);
			return DFU_ERR_NOMEM;
		}
		libusb_fill_control_setup(buf, x[i].bmRequestType, x[i].bRequest,
					  x[i].wValue, x[i].wIndex, x[i].wLength);
		if (!(x[i].bmRequestType & 0x80) && x[i].wLength)
			memcpy(buf + LIBUSB_CONTROL_SETUP_SIZE, x[i].data, x[i].wLength);
		/* No time-out of libusb's: that would count from here for all of them. */
		libusb_fill_control_transfer(b->t[i], u->handle, buf, ended, b, 0);
	}
	return 0;
}

/* Wait for `count` ends; the oldest pending transfer has its time-out. False when it passed. */
static bool wait_batch(struct usb *u, const struct dfu_xfer *x, struct batch *b,
		       size_t count)
{
	uint64_t since = clock_ms();

	while (b->over < count) {
		uint64_t spent = clock_ms() - since;
		unsigned budget = x[b->over].timeout_ms;
		struct timeval tv;

		if (spent >= budget)
			return false;
		tv.tv_sec = (time_t)((budget - spent) / 1000);
		tv.tv_usec = (suseconds_t)((budget - spent) % 1000 * 1000);
		b->progressed = 0;
		libusb_handle_events_timeout_completed(u->lib, &tv, &b->progressed);
		if (b->progressed)
			since = clock_ms();
	}
	return true;
}

static void cancel_batch(struct usb *u, struct batch *b, size_t count)
{
	for (size_t i = count; i-- > 0;)
		libusb_cancel_transfer(b->t[i]);
	/* None may be freed before it has ended; a signal (Ctrl-C) is no reason to stop. */
	while (b->over < count) {
		int rc = libusb_handle_events(u->lib);

		if (rc < 0 && rc != LIBUSB_ERROR_INTERRUPTED)
			break;
	}
}

static bool has_left(const struct usb *u)
{
	return access(u->node, F_OK) != 0;
}

static int summarize(const struct usb *u, struct dfu_xfer *x, size_t n, bool timed_out,
		     struct dfu_error *err)
{
	for (size_t i = 0; i < n; i++) {
		if (x[i].result >= 0 || x[i].result == DFU_ERR_STALL)
			continue;
		if (x[i].result == DFU_ERR_GONE || has_left(u))
			return fail(err, DFU_ERR_GONE, "the board left the bus");
		if (x[i].result == DFU_ERR_CANCELLED && timed_out) {
			x[i].result = DFU_ERR_TIMEOUT;
			return fail(err, DFU_ERR_TIMEOUT, "no answer within %u ms",
				    x[i].timeout_ms);
		}
		return fail(err, DFU_ERR_IO, "a transfer failed on the bus");
	}
	return 0;
}

static int usb_transfer(void *ctx, struct dfu_xfer *x, size_t n, struct dfu_error *err)
{
	struct usb *u = ctx;
	struct batch b;
	size_t sent = 0;
	bool in_time = true;
	int rc = make_batch(u, x, n, &b), last = 0;

	if (rc < 0) {
		free_batch(&b);
		return fail(err, rc, "no room for %zu transfers", n);
	}
	while (sent < n && (last = libusb_submit_transfer(b.t[sent])) == 0)
		sent++;
	if (sent)
		in_time = wait_batch(u, x, &b, sent);
	if (!in_time)
		cancel_batch(u, &b, sent);
	for (size_t i = 0; i < n; i++) {
		x[i].result = i < sent ? transfer_result(b.t[i])
				       : (last == LIBUSB_ERROR_NO_DEVICE ? DFU_ERR_GONE
									 : DFU_ERR_IO);
		if (i < sent && x[i].result > 0 && (x[i].bmRequestType & 0x80))
			memcpy(x[i].data, libusb_control_transfer_get_data(b.t[i]),
			       (size_t)x[i].result);
	}
	free_batch(&b);
	return summarize(u, x, n, !in_time, err);
}

static int usb_set_alt(void *ctx, uint8_t interface, uint8_t alt, struct dfu_error *err)
{
	struct usb *u = ctx;
	int rc;

	if (u->interface != interface) {
		rc = libusb_claim_interface(u->handle, interface);
		if (rc == LIBUSB_ERROR_BUSY)
			return fail(err, DFU_ERR_BUSY,
				    "another program has the board open");
		if (rc < 0)
			return fail(err, DFU_ERR_IO,
				    "the DFU interface cannot be claimed: %s",
				    libusb_strerror(rc));
		u->interface = interface;
	}
	rc = libusb_set_interface_alt_setting(u->handle, interface, alt);
	if (rc == LIBUSB_ERROR_NO_DEVICE)
		return fail(err, DFU_ERR_GONE, "the board left the bus");
	if (rc < 0)
		return fail(err, DFU_ERR_IO,
			    "alternate setting %u cannot be selected: %s", alt,
			    libusb_strerror(rc));
	return 0;
}

static int usb_wait_gone(void *ctx, unsigned timeout_ms)
{
	struct usb *u = ctx;
	uint64_t end = clock_ms() + timeout_ms;

	while (!has_left(u)) {
		struct timespec slice = { .tv_nsec = 10000000 };

		if (clock_ms() >= end)
			return 0;
		nanosleep(&slice, NULL);
	}
	return 1;
}

static void usb_close(void *ctx)
{
	struct usb *u = ctx;

	if (u->handle) {
		if (u->interface >= 0)
			libusb_release_interface(u->handle, u->interface);
		libusb_close(u->handle);
	}
	if (u->lib)
		libusb_exit(u->lib);
	if (u->fd >= 0)
		close(u->fd);
	free(u);
}

/* -- finding and opening ----------------------------------------------------------- */

/*
 * Without libusb's own search for devices, which reads all of them by udev: we know which
 * one we want. Before 1.0.27 that can only be said for all contexts of the process.
 */
static int start_library(libusb_context **lib)
{
#if LIBUSB_API_VERSION >= 0x0100010A
	struct libusb_init_option option = { .option =
						     LIBUSB_OPTION_NO_DEVICE_DISCOVERY };

	return libusb_init_context(lib, &option, 1);
#else
	libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
	return libusb_init(lib);
#endif
}

static int cannot_open(const struct dfu_board *board, int error, struct dfu_error *err)
{
	if (error == ENOENT || error == ENODEV)
		return fail(err, DFU_ERR_NODEV, "no board at %s any more",
			    board->selector);
	if (error != EACCES && error != EPERM)
		return fail(err, DFU_ERR_IO, "%s: %s", board->node, strerror(error));
	fail(err, DFU_ERR_ACCESS,
	     "%s (%04x:%04x) is there, but this user may not write to %s",
	     board->selector, board->idVendor, board->idProduct, board->node);
	return hint(err, DFU_ERR_ACCESS,
		    "`sudo stmiot udev install` gives this seat and the group plugdev "
		    "access");
}

int usb_open(const struct dfu_board *board, struct dfu_io *io, struct dfu_error *err)
{
	struct dfu_board now = *board;
	struct usb *u = calloc(1, sizeof(*u));
	int rc;

	if (!u)
		return fail(err, DFU_ERR_NOMEM, "no room for a USB device");
	/* The node's number changes whenever the board comes back; its path does not. */
	if (!sysfs_board(board->path, &now))
		now.node[0] = '\0';
	memcpy(u->node, now.node, sizeof(u->node));
	u->interface = -1;
	u->fd = open(u->node, O_RDWR | O_CLOEXEC);
	if (u->fd < 0) {
		rc = cannot_open(&now, errno, err);
		free(u);
		return rc;
	}
	rc = start_library(&u->lib);
	if (rc == 0)
		rc = libusb_wrap_sys_device(u->lib, u->fd, &u->handle);
	if (rc < 0) {
		usb_close(u);
		return fail(err, DFU_ERR_IO, "%s cannot be opened: %s", board->selector,
			    libusb_strerror(rc));
	}
	*io = (struct dfu_io){ u, usb_transfer, usb_set_alt, usb_wait_gone, usb_close };
	return 0;
}

/* Sysfs knows the strings that every user may see; the layouts are the device's. */
static void look_into(struct dfu_board *board)
{
	struct dfu_error err = { 0 };
	struct dfu_io io;
	int rc = usb_open(board, &io, &err);

	if (rc == 0) {
		rc = desc_load(&io, 1000, board, &err);
		io.close(io.ctx);
	}
	board->access = rc == 0                ? DFU_ACCESS_OK
			: rc == DFU_ERR_ACCESS ? DFU_ACCESS_DENIED
			: rc == DFU_ERR_BUSY   ? DFU_ACCESS_BUSY
					       : DFU_ACCESS_FAILED;
	if (rc < 0)
		copy_clean(board->why, sizeof(board->why), err.msg);
}

int dfu_usb_scan(const struct dfu_usb_id *ids, size_t n_ids, struct dfu_board **out,
		 size_t *n, struct dfu_error *err)
{
	int rc = sysfs_scan(ids, n_ids, out, n, err);

	for (size_t i = 0; rc == 0 && i < *n; i++)
		if ((*out)[i].is_dfu)
			look_into(&(*out)[i]);
	return rc;
}
