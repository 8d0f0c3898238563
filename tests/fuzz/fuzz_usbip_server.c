/*
 * Bytes from the network into the USB/IP server of the virtual board, which then runs
 * the transfers they ask for. The first byte says whether the device is imported
 * already, and how many bytes come at a time.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "usbip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t req_import[40] = {
	0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0, '1', '-', '1'
};

static bool runs(const struct board *board)
{
	struct board_view view;

	board_look(board, &view);
	return view.mode == BOARD_RUNNING;
}

/*
 * Bounded: an erase and its GETSTATUS are a few steps, and the input queues no more. What
 * was written may run, and never come to an end.
 */
static bool settle(struct board *board, struct clock *clock, struct usbip_conn *conn)
{
	for (int i = 0; i < 10000; i++) {
		int64_t due_ns;

		board_run(board);
		if (!usbip_conn_run(conn, clock_now(clock)))
			return false;
		due_ns = usbip_conn_due_ns(conn);
		if (!runs(board) && board_due_ns(board) < due_ns)
			due_ns = board_due_ns(board);
		if (due_ns == CLOCK_NEVER)
			return true;
		clock_sleep_ns(clock, due_ns);
	}
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct chip chip = { .rev = 0x2200, .boot0 = true };
	struct usbip_export export;
	struct usbip_conn *conn;
	struct usb_device device;
	struct board *board;
	struct clock clock;
	size_t part, len;
	bool open = true;

	if (size < 1)
		return 0;
	clock_init(&clock, CLOCK_NONE);
	board = board_new(NULL, &clock, &chip, 1);
	if (!board)
		return 0;
	device = board_usb(board);
	if (!usbip_export_init(&export, &device, "1-1"))
		abort();
	conn = usbip_conn_new(&export);
	if (data[0] & 1)
		open = usbip_conn_feed(conn, req_import, sizeof(req_import), 0);
	part = (size_t)(data[0] >> 1) + 1;
	for (data++, size--; open && size > 0; data += len, size -= len) {
		size_t waiting;

		len = size < part ? size : part;
		open = usbip_conn_feed(conn, data, len, clock_now(&clock)) &&
		       settle(board, &clock, conn);
		usbip_conn_output(conn, &waiting);
		usbip_conn_sent(conn, waiting);
	}
	usbip_conn_free(conn);
	board_free(board);
	return 0;
}
