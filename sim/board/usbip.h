/*
 * One connection of the USB/IP protocol, version 1.1.1 (Documentation/usb/usbip_protocol
 * of the Linux kernel), as bytes in and bytes out: no socket, and no idea what the device
 * is. Every length from the wire is bounded; what makes no sense ends the connection.
 */
#ifndef BOARD_USBIP_H
#define BOARD_USBIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "usb.h"

#define USBIP_BUSID_BYTES 32

/* The one device a server offers, and who has it. Shared by all connections. */
struct usbip_export {
	struct usb_device device;
	char busid[USBIP_BUSID_BYTES];
	uint32_t busnum;
	uint32_t devnum;
	struct usbip_conn *importer;
	/* the second importer's question: is the first still there? NULL: it is */
	bool (*alive)(void *ctx, struct usbip_conn *importer);
	void *alive_ctx;
};

struct usbip_conn;

/* false: `busid` is not NUMBER-PORT[.PORT...] */
bool usbip_export_init(struct usbip_export *export, const struct usb_device *device,
		       const char *busid);

struct usbip_conn *usbip_conn_new(struct usbip_export *export);
void usbip_conn_free(struct usbip_conn *conn);

/* Bytes that arrived at `now_ns`. false: the connection is over. */
bool usbip_conn_feed(struct usbip_conn *conn, const uint8_t *bytes, size_t len,
		     int64_t now_ns);
/* Runs the transfers that are due. false: the device is gone, and so the connection. */
bool usbip_conn_run(struct usbip_conn *conn, int64_t now_ns);
/* When to run next: CLOCK_NEVER while nothing is queued. */
int64_t usbip_conn_due_ns(const struct usbip_conn *conn);
bool usbip_conn_imported(const struct usbip_conn *conn);

/* The bytes that wait to be sent; sent() drops the first `len` of them. */
const uint8_t *usbip_conn_output(const struct usbip_conn *conn, size_t *len);
void usbip_conn_sent(struct usbip_conn *conn, size_t len);

#endif
