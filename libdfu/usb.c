/* The door to libusb-1.0. */
#include "dev.h"

#include <libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATH_PORTS 7 /* [USB2] 4.1.1: at most seven tiers */

static const struct dfu_usb_id rom_id = { 0x0483, 0xdf11 };

struct usb {
	libusb_context *lib;
	libusb_device_handle *handle;
	int interface; /* claimed, or -1 */
	char node[40];
};

/* -- naming a device ------------------------------------------------------------------------ */

/* "3-1.4": the bus and the ports, as sysfs and dfu-util write it. */
static void name_path(libusb_device *d, char *to, size_t bytes)
{
	uint8_t ports[PATH_PORTS];
	int n = libusb_get_port_numbers(d, ports, PATH_PORTS);
	int at = snprintf(to, bytes, "%u", libusb_get_bus_number(d));

	for (int i = 0; i < n && at > 0 && (size_t)at < bytes; i++)
		at += snprintf(to + at, bytes - (size_t)at, "%c%u", i ? '.' : '-', ports[i]);
}

static void name_board(libusb_device *d, const struct libusb_device_descriptor *desc,
		       struct dfu_board *board)
{
	memset(board, 0, sizeof(*board));
	board->bus = DFU_BUS_USB;
	name_path(d, board->path, sizeof(board->path));
	snprintf(board->selector, sizeof(board->selector), "path:%s", board->path);
	snprintf(board->node, sizeof(board->node), "/dev/bus/usb/%03u/%03u",
		 libusb_get_bus_number(d), libusb_get_device_address(d));
	board->idVendor = desc->idVendor;
	board->idProduct = desc->idProduct;
	board->bcdDevice = desc->bcdDevice;
}

/* What may not be opened still shows its strings in sysfs. */
static void sysfs_string(const struct dfu_board *board, const char *file, char *to, size_t bytes)
{
	char path[128], line[128] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/usb/devices/%s/%s", board->path, file);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		copy_clean(to, bytes, line);
	}
	fclose(f);
}

static bool dfu_mode(libusb_device *d)
{
	struct libusb_config_descriptor *c;
	bool found = false;

	if (libusb_get_active_config_descriptor(d, &c) != 0 &&
	    libusb_get_config_descriptor(d, 0, &c) != 0)
		return false;
	for (int i = 0; i < c->bNumInterfaces; i++) {
		const struct libusb_interface *f = &c->interface[i];

		for (int k = 0; k < f->num_altsetting; k++)
			found |= f->altsetting[k].bInterfaceClass == 0xfe &&
				 f->altsetting[k].bInterfaceSubClass == 1 &&
				 f->altsetting[k].bInterfaceProtocol == 2;
	}
	libusb_free_config_descriptor(c);
	return found;
}

/* -- transfers -------------------------------------------------------------------------------- */

/* The transfers of one call: which are over, and the library's own. */
struct batch {
	struct libusb_transfer **t;
	size_t n;
	size_t over;     /* of the submitted ones */
	int progressed;  /* set by the callback */
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
			free(b->t[i]->buffer);
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
		libusb_fill_control_setup(buf, x[i].bmRequestType, x[i].bRequest, x[i].wValue,
					  x[i].wIndex, x[i].wLength);
		if (!(x[i].bmRequestType & 0x80) && x[i].wLength)
			memcpy(buf + LIBUSB_CONTROL_SETUP_SIZE, x[i].data, x[i].wLength);
		/* No time-out of libusb's: that would count from here for all of them. */
		libusb_fill_control_transfer(b->t[i], u->handle, buf, ended, b, 0);
	}
	return 0;
}

/* Wait for `count` ends; the oldest pending transfer has its time-out. False when it passed. */
static bool wait_batch(struct usb *u, const struct dfu_xfer *x, struct batch *b, size_t count)
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
			return fail(err, DFU_ERR_BUSY, "another program has the board open");
		if (rc < 0)
			return fail(err, DFU_ERR_IO, "the DFU interface cannot be claimed: %s",
				    libusb_strerror(rc));
		u->interface = interface;
	}
	rc = libusb_set_interface_alt_setting(u->handle, interface, alt);
	if (rc == LIBUSB_ERROR_NO_DEVICE)
		return fail(err, DFU_ERR_GONE, "the board left the bus");
	if (rc < 0)
		return fail(err, DFU_ERR_IO, "alternate setting %u cannot be selected: %s", alt,
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
	libusb_exit(u->lib);
	free(u);
}

/* -- finding and opening ------------------------------------------------------------------------ */

static int denied(const struct dfu_board *board, struct dfu_error *err)
{
	fail(err, DFU_ERR_ACCESS, "%s (%04x:%04x) is there, but this user may not write to %s",
	     board->selector, board->idVendor, board->idProduct, board->node);
	return hint(err, DFU_ERR_ACCESS,
		    "`sudo stmiot udev install` gives this seat and the group plugdev access");
}

static int open_handle(libusb_context *lib, libusb_device *d, const struct dfu_board *board,
		       struct dfu_io *io, struct dfu_error *err)
{
	libusb_device_handle *handle;
	struct usb *u;
	int rc = libusb_open(d, &handle);

	if (rc == LIBUSB_ERROR_ACCESS)
		return denied(board, err);
	if (rc < 0)
		return fail(err, rc == LIBUSB_ERROR_NO_DEVICE ? DFU_ERR_GONE : DFU_ERR_IO,
			    "%s cannot be opened: %s", board->selector, libusb_strerror(rc));
	u = calloc(1, sizeof(*u));
	if (!u) {
		libusb_close(handle);
		return fail(err, DFU_ERR_NOMEM, "no room for a USB device");
	}
	*u = (struct usb){ lib, handle, -1, "" };
	snprintf(u->node, sizeof(u->node), "%s", board->node);
	*io = (struct dfu_io){ u, usb_transfer, usb_set_alt, usb_wait_gone, usb_close };
	return 0;
}

static int start_library(libusb_context **lib, struct dfu_error *err)
{
	int rc = libusb_init(lib);

	if (rc < 0)
		return fail(err, DFU_ERR_IO, "libusb does not start: %s", libusb_strerror(rc));
	return 0;
}

int usb_open(const struct dfu_board *board, struct dfu_io *io, struct dfu_error *err)
{
	struct libusb_device_descriptor desc;
	struct dfu_board seen;
	libusb_device **list;
	libusb_context *lib;
	int rc = start_library(&lib, err);
	ssize_t n;

	if (rc < 0)
		return rc;
	n = libusb_get_device_list(lib, &list);
	rc = fail(err, DFU_ERR_NODEV, "no board at %s any more", board->selector);
	for (ssize_t i = 0; i < n; i++) {
		if (libusb_get_device_descriptor(list[i], &desc) < 0)
			continue;
		name_board(list[i], &desc, &seen);
		if (strcmp(seen.path, board->path) != 0)
			continue;
		rc = open_handle(lib, list[i], &seen, io, err);
		break;
	}
	if (n >= 0)
		libusb_free_device_list(list, 1);
	if (rc < 0)
		libusb_exit(lib);
	return rc;
}

static bool is_wanted(const struct libusb_device_descriptor *desc, const struct dfu_usb_id *ids,
		      size_t n)
{
	bool found = desc->idVendor == rom_id.vendor && desc->idProduct == rom_id.product;

	for (size_t i = 0; i < n; i++)
		found |= desc->idVendor == ids[i].vendor && desc->idProduct == ids[i].product;
	return found;
}

/* The device shares the scan's context, so closing must not end that: only the handle goes. */
static void look_into(libusb_context *lib, libusb_device *d, struct dfu_board *board)
{
	struct dfu_error err = { 0 };
	struct dfu_io io;
	int rc;

	sysfs_string(board, "serial", board->serial, sizeof(board->serial));
	sysfs_string(board, "product", board->product, sizeof(board->product));
	board->is_dfu = dfu_mode(d);
	if (!board->is_dfu)
		return;
	rc = open_handle(lib, d, board, &io, &err);
	if (rc == 0) {
		struct usb *u = io.ctx;

		rc = desc_load(&io, 1000, board, &err);
		libusb_close(u->handle);
		free(u);
	}
	board->access = rc == 0		       ? DFU_ACCESS_OK
			: rc == DFU_ERR_ACCESS ? DFU_ACCESS_DENIED
			: rc == DFU_ERR_BUSY   ? DFU_ACCESS_BUSY
					       : DFU_ACCESS_FAILED;
	if (rc < 0)
		copy_clean(board->why, sizeof(board->why), err.msg);
}

static int by_path(const void *a, const void *b)
{
	return strverscmp(((const struct dfu_board *)a)->path, ((const struct dfu_board *)b)->path);
}

int dfu_usb_scan(const struct dfu_usb_id *ids, size_t n_ids, struct dfu_board **out, size_t *n,
		 struct dfu_error *err)
{
	struct libusb_device_descriptor desc;
	struct dfu_board *boards;
	libusb_device **list;
	libusb_context *lib;
	size_t found = 0;
	ssize_t count;
	int rc = start_library(&lib, err);

	*out = NULL;
	*n = 0;
	if (rc < 0)
		return rc;
	count = libusb_get_device_list(lib, &list);
	boards = calloc(count > 0 ? (size_t)count : 1, sizeof(*boards));
	for (ssize_t i = 0; boards && i < count; i++) {
		if (libusb_get_device_descriptor(list[i], &desc) < 0 ||
		    !is_wanted(&desc, ids, n_ids))
			continue;
		name_board(list[i], &desc, &boards[found]);
		look_into(lib, list[i], &boards[found]);
		found++;
	}
	if (count >= 0)
		libusb_free_device_list(list, 1);
	libusb_exit(lib);
	if (!boards)
		return fail(err, DFU_ERR_NOMEM, "no room for a list of boards");
	qsort(boards, found, sizeof(*boards), by_path);
	*out = boards;
	*n = found;
	return 0;
}
