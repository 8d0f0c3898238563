/* A USB host for the tests: it drives a board in no time, one transfer after another. */
#ifndef TESTS_BOARD_HOST_H
#define TESTS_BOARD_HOST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"

struct host {
	struct clock clock;
	struct board *board;
	struct usb_device usb;
};

static const struct chip host_chip = {
	.uid = { 0x00580027, 0x3331500b, 0x20333153 },
	.rev = 0x2200,
	.boot0 = true,
};

static inline void host_open(struct host *host, struct store *store)
{
	clock_init(&host->clock, CLOCK_NONE);
	host->board = board_new(store, &host->clock, &host_chip, 1);
	assert_non_null(host->board);
	host->usb = board_usb(host->board);
}

/* Lets time go on until nothing is under way. */
static inline void host_settle(struct host *host)
{
	while (board_due_ns(host->board) != CLOCK_NEVER) {
		clock_sleep_ns(&host->clock, board_due_ns(host->board));
		board_run(host->board);
	}
}

static inline int host_control(struct host *host, uint8_t type, uint8_t request,
			       uint16_t value, uint16_t len, uint8_t *data)
{
	struct usb_setup setup = { type, request, value, 0, len };
	unsigned plugged;
	int64_t end_ns = 0;
	int n;

	host_settle(host);
	plugged = host->usb.ops->plugged(host->usb.ctx);
	if (!plugged)
		return USB_GONE;
	n = host->usb.ops->control(host->usb.ctx, &setup, data,
				   host->usb.ops->ready_ns(host->usb.ctx), &end_ns);
	if (n == USB_GONE || n == USB_SILENT)
		return n;
	clock_sleep_ns(&host->clock, end_ns);
	host->usb.ops->control_done(host->usb.ctx, end_ns);
	return n;
}

static inline int host_download(struct host *host, uint16_t block, const void *data,
				uint16_t len)
{
	uint8_t copy[4096] = { 0 };

	if (len)
		memcpy(copy, data, len);
	return host_control(host, 0x21, DFU_DNLOAD, block, len, copy);
}

static inline int host_upload(struct host *host, uint16_t block, void *data, uint16_t len)
{
	return host_control(host, 0xA1, DFU_UPLOAD, block, len, data);
}

/* bState, with bStatus and the poll time when they are wanted; or what went wrong */
static inline int host_status(struct host *host, int *status, int *poll_ms)
{
	uint8_t b[6];
	int n = host_control(host, 0xA1, DFU_GETSTATUS, 0, sizeof(b), b);

	if (n < 0)
		return n;
	assert_int_equal(n, 6);
	if (status)
		*status = b[0];
	if (poll_ms)
		*poll_ms = b[1] | b[2] << 8 | b[3] << 16;
	return b[4];
}

static inline void host_idle(struct host *host)
{
	uint8_t none;
	int state = host_status(host, NULL, NULL);

	host_control(host, 0x21, state == DFU_ERROR ? DFU_CLRSTATUS : DFU_ABORT, 0, 0,
		     &none);
	assert_int_equal(host_status(host, NULL, NULL), DFU_IDLE);
}

/* A download and both its GETSTATUS; the bStatus at the end, or what went wrong. */
static inline int host_command(struct host *host, uint16_t block, const void *data,
			       uint16_t len)
{
	int status = 0;
	int n = host_download(host, block, data, len);

	if (n == 0)
		n = host_status(host, NULL, NULL);
	if (n >= 0)
		n = host_status(host, &status, NULL);
	return n < 0 ? n : status;
}

static inline int host_addressed(struct host *host, uint8_t command, uint32_t address)
{
	uint8_t b[5] = { command, (uint8_t)address, (uint8_t)(address >> 8),
			 (uint8_t)(address >> 16), (uint8_t)(address >> 24) };

	return host_command(host, 0, b, sizeof(b));
}

/* Each of these begins where a tool does, in dfuIDLE. */
static inline int host_erase(struct host *host, uint32_t address)
{
	host_idle(host);
	return host_addressed(host, 0x41, address);
}

static inline int host_write(struct host *host, uint32_t address, const void *data,
			     uint16_t len)
{
	int rc;

	host_idle(host);
	rc = host_addressed(host, 0x21, address);
	return rc ? rc : host_command(host, 2, data, len);
}

static inline int host_read(struct host *host, uint32_t address, void *data, uint16_t len)
{
	int rc;

	host_idle(host);
	rc = host_addressed(host, 0x21, address);
	if (rc)
		return rc;
	host_idle(host);
	return host_upload(host, 2, data, len);
}

#endif
