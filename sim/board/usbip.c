#include "usbip.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "wire.h"

/* usbip_protocol.rst: everything in network order but the setup packet */
enum {
	VERSION = 0x0111,
	OP_REQ_DEVLIST = 0x8005,
	OP_REP_DEVLIST = 0x0005,
	OP_REQ_IMPORT = 0x8003,
	OP_REP_IMPORT = 0x0003,
	OP_BYTES = 8,
};
enum { ST_OK = 0, ST_DEV_BUSY = 2, ST_NODEV = 4 }; /* tools/usb/usbip/usbip_common.h */
enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_SUBMIT = 3, RET_UNLINK = 4, CMD_BYTES = 48 };
enum { DIR_OUT = 0, DIR_IN = 1, SPEED_FULL = 2 };

/* offsets in a 48-byte command */
enum {
	AT_COMMAND = 0,
	AT_SEQNUM = 4,
	AT_DEVID = 8,
	AT_DIRECTION = 12,
	AT_EP = 16,
	AT_LENGTH = 24,
	AT_PACKETS = 32,
	AT_SETUP = 40,
	AT_UNLINK_SEQNUM = 20,
};

#define NO_PACKETS     0xFFFFFFFFu /* what newer kernels say for "not isochronous" */
#define URBS_MAX       1024
#define URBS_BYTES_MAX (4u << 20)

struct urb {
	struct urb *next;
	uint32_t seqnum;
	uint32_t ep;
	bool in;
	uint32_t len; /* transfer_buffer_length */
	struct usb_setup setup;
	int64_t arrival_ns;
	size_t room;
	uint8_t data[];
};

struct usbip_conn {
	struct usbip_export *export;
	bool imported;
	unsigned plugged; /* which appearance of the device was imported */

	struct urb *head; /* endpoint 0, in order of arrival */
	struct urb **tail;
	size_t urbs;
	size_t urbs_bytes;
	bool active; /* the head is on the bus until due_ns, then gives result */
	bool silent; /* the head will never be answered */
	int result;
	int64_t due_ns;
	int64_t last_due_ns;
	int64_t late_ns; /* how late the last answer was handed out */

	struct bytes out;
	size_t in_len;
	uint8_t in[CMD_BYTES + USB_CONTROL_MAX];
};

/* -- the export -------------------------------------------------------------------- */

bool usbip_export_init(struct usbip_export *export, const struct usb_device *device,
		       const char *busid)
{
	char *end;
	unsigned long bus = strtoul(busid, &end, 10);
	bool digit = false;

	memset(export, 0, sizeof(*export));
	if (!isdigit((unsigned char)busid[0]) || *end != '-' || bus < 1 || bus > 255 ||
	    strlen(busid) >= sizeof(export->busid))
		return false;
	for (const char *c = end + 1; *c; c++) {
		if (!isdigit((unsigned char)*c) && (*c != '.' || !digit))
			return false;
		digit = isdigit((unsigned char)*c);
	}
	if (!digit)
		return false;
	export->device = *device;
	snprintf(export->busid, sizeof(export->busid), "%s", busid);
	export->busnum = (uint32_t)bus;
	export->devnum = 2; /* 1 is the root hub */
	return true;
}

static uint32_t devid(const struct usbip_export *export)
{
	return export->busnum << 16 | export->devnum;
}

static unsigned plugged(const struct usbip_export *export)
{
	return export->device.ops->plugged(export->device.ctx);
}

/* -- the connection ---------------------------------------------------------------- */

struct usbip_conn *usbip_conn_new(struct usbip_export *export)
{
	struct usbip_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->export = export;
	conn->tail = &conn->head;
	return conn;
}

static void end_transfer(struct usbip_conn *conn, int64_t end_ns)
{
	const struct usb_device *device = &conn->export->device;

	conn->active = false;
	if (plugged(conn->export) == conn->plugged)
		device->ops->control_done(device->ctx, end_ns);
}

static void unqueue(struct usbip_conn *conn, struct urb **link)
{
	struct urb *urb = *link;

	*link = urb->next;
	if (!*link)
		conn->tail = link;
	conn->urbs--;
	conn->urbs_bytes -= urb->room;
	free(urb);
}

void usbip_conn_free(struct usbip_conn *conn)
{
	if (!conn)
		return;
	/* what is on the bus ends there, though nobody hears of it */
	if (conn->active)
		end_transfer(conn, conn->due_ns);
	while (conn->head)
		unqueue(conn, &conn->head);
	if (conn->export->importer == conn)
		conn->export->importer = NULL;
	bytes_free(&conn->out);
	free(conn);
}

bool usbip_conn_imported(const struct usbip_conn *conn)
{
	return conn->imported;
}

const uint8_t *usbip_conn_output(const struct usbip_conn *conn, size_t *len)
{
	*len = conn->out.len;
	return conn->out.at;
}

void usbip_conn_sent(struct usbip_conn *conn, size_t len)
{
	bytes_drop(&conn->out, len);
}

/* -- before the import ------------------------------------------------------------- */

static void put_op(struct bytes *out, uint16_t code, uint32_t status)
{
	bytes_put_u16(out, VERSION);
	bytes_put_u16(out, code);
	bytes_put_u32(out, status);
}

/* 312 bytes: struct usbip_usb_device */
static void put_device(struct bytes *out, const struct usbip_export *export,
		       const struct usb_ident *ident)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/devices/platform/stmiot-board/usb%u/%s",
		 export->busnum, export->busid);
	bytes_put_text(out, path, sizeof(path));
	bytes_put_text(out, export->busid, USBIP_BUSID_BYTES);
	bytes_put_u32(out, export->busnum);
	bytes_put_u32(out, export->devnum);
	bytes_put_u32(out, SPEED_FULL);
	bytes_put_u16(out, ident->idVendor);
	bytes_put_u16(out, ident->idProduct);
	bytes_put_u16(out, ident->bcdDevice);
	bytes_put(out,
		  (const uint8_t[]){ ident->bDeviceClass, ident->bDeviceSubClass,
				     ident->bDeviceProtocol, ident->bConfigurationValue,
				     ident->bNumConfigurations, ident->bNumInterfaces },
		  6);
}

static void answer_devlist(struct usbip_conn *conn)
{
	const struct usb_device *device = &conn->export->device;
	struct usb_ident ident;

	put_op(&conn->out, OP_REP_DEVLIST, ST_OK);
	if (!plugged(conn->export)) {
		bytes_put_u32(&conn->out, 0);
		return;
	}
	device->ops->ident(device->ctx, &ident);
	bytes_put_u32(&conn->out, 1);
	put_device(&conn->out, conn->export, &ident);
	for (int i = 0; i < ident.bNumInterfaces && i < USB_INTERFACES_MAX; i++)
		bytes_put(&conn->out,
			  (const uint8_t[]){ ident.interfaces[i].bInterfaceClass,
					     ident.interfaces[i].bInterfaceSubClass,
					     ident.interfaces[i].bInterfaceProtocol, 0 },
			  4);
}

static bool taken(const struct usbip_export *export)
{
	if (!export->importer)
		return false;
	/* asking may find that the other connection is dead, and free it */
	if (export->alive && !export->alive(export->alive_ctx, export->importer))
		return false;
	return export->importer != NULL;
}

static void answer_import(struct usbip_conn *conn, const uint8_t *busid)
{
	struct usbip_export *export = conn->export;
	const struct usb_device *device = &export->device;
	struct usb_ident ident;
	uint32_t status = ST_OK;

	if (!memchr(busid, 0, USBIP_BUSID_BYTES) ||
	    strcmp((const char *)busid, export->busid) != 0 || !plugged(export))
		status = ST_NODEV;
	else if (taken(export))
		status = ST_DEV_BUSY;
	put_op(&conn->out, OP_REP_IMPORT, status);
	if (status != ST_OK) {
		log_event("usbip: import refused: %s",
			  status == ST_DEV_BUSY ? "another host has the device"
						: "no such device on the bus");
		return;
	}
	device->ops->attached(device->ctx);
	device->ops->ident(device->ctx, &ident);
	put_device(&conn->out, export, &ident);
	conn->imported = true;
	conn->plugged = plugged(export);
	export->importer = conn;
	log_event("usbip: attached");
}

/* Returns the bytes it used, 0 for too few, or -1. */
static int parse_op(struct usbip_conn *conn)
{
	const uint8_t *in = conn->in;

	if (conn->in_len < OP_BYTES)
		return 0;
	if (wire_u16(in) != VERSION) {
		log_event("usbip: closed: protocol version 0x%04x, this server speaks "
			  "0x%04x",
			  wire_u16(in), VERSION);
		return -1;
	}
	switch (wire_u16(in + 2)) {
	case OP_REQ_DEVLIST:
		answer_devlist(conn);
		return OP_BYTES;
	case OP_REQ_IMPORT:
		if (conn->in_len < OP_BYTES + USBIP_BUSID_BYTES)
			return 0;
		answer_import(conn, in + OP_BYTES);
		return OP_BYTES + USBIP_BUSID_BYTES;
	default:
		log_event("usbip: closed: unknown request 0x%04x", wire_u16(in + 2));
		return -1;
	}
}

/* -- after the import -------------------------------------------------------------- */

static void put_return(struct usbip_conn *conn, uint32_t command, uint32_t seqnum,
		       int32_t status)
{
	bytes_put_u32(&conn->out, command);
	bytes_put_u32(&conn->out, seqnum);
	bytes_put_zeros(&conn->out, 12); /* devid, direction, ep */
	bytes_put_u32(&conn->out, (uint32_t)status);
}

static void answer_submit(struct usbip_conn *conn, const struct urb *urb, int result)
{
	uint32_t moved = result < 0 ? 0 : urb->in ? (uint32_t)result : urb->len;

	if (moved > urb->len)
		moved = urb->len;
	put_return(conn, RET_SUBMIT, urb->seqnum, result < 0 ? -EPIPE : 0);
	bytes_put_u32(&conn->out, moved);
	bytes_put_zeros(&conn->out, 4); /* start_frame */
	bytes_put_u32(&conn->out, NO_PACKETS);
	bytes_put_zeros(&conn->out, 12); /* error_count, padding */
	if (urb->in)
		bytes_put(&conn->out, urb->data, moved);
}

static bool fits(const struct urb *urb)
{
	bool setup_in = urb->setup.bmRequestType & USB_DIR_IN;

	if (urb->setup.wLength == 0)
		return true;
	return setup_in == urb->in && (urb->in || urb->len == urb->setup.wLength);
}

static bool queue(struct usbip_conn *conn, uint32_t data_bytes, int64_t now_ns)
{
	const uint8_t *in = conn->in;
	struct usb_setup setup;
	struct urb *urb;
	size_t room;

	usb_parse_setup(&setup, in + AT_SETUP);
	room = setup.wLength > data_bytes ? setup.wLength : data_bytes;
	if (conn->urbs >= URBS_MAX || room > URBS_BYTES_MAX - conn->urbs_bytes) {
		log_event("usbip: closed: more transfers queued than a host would");
		return false;
	}
	urb = calloc(1, sizeof(*urb) + room);
	if (!urb)
		return false;
	urb->seqnum = wire_u32(in + AT_SEQNUM);
	urb->ep = wire_u32(in + AT_EP);
	urb->in = wire_u32(in + AT_DIRECTION) == DIR_IN;
	urb->len = wire_u32(in + AT_LENGTH);
	urb->setup = setup;
	urb->room = room;
	memcpy(urb->data, in + CMD_BYTES, data_bytes);
	/* what we were late with the last answer is not the host's loss */
	urb->arrival_ns = now_ns - conn->late_ns;
	if (urb->arrival_ns < conn->last_due_ns)
		urb->arrival_ns = conn->last_due_ns;
	conn->late_ns = 0;
	/* no endpoint but 0, and a direction that the setup packet denies: as a STALL */
	if (urb->ep != 0 || !fits(urb)) {
		answer_submit(conn, urb, USB_STALL);
		free(urb);
		return true;
	}
	*conn->tail = urb;
	conn->tail = &urb->next;
	conn->urbs++;
	conn->urbs_bytes += room;
	return true;
}

static int parse_submit(struct usbip_conn *conn, int64_t now_ns)
{
	uint32_t len = wire_u32(conn->in + AT_LENGTH);
	uint32_t packets = wire_u32(conn->in + AT_PACKETS);
	bool out = wire_u32(conn->in + AT_DIRECTION) == DIR_OUT;

	if (len > USB_CONTROL_MAX || (packets != 0 && packets != NO_PACKETS)) {
		log_event("usbip: closed: a transfer of %u bytes in %u packets", len,
			  packets);
		return -1;
	}
	if (!out)
		return queue(conn, 0, now_ns) ? CMD_BYTES : -1;
	if (conn->in_len < CMD_BYTES + len)
		return 0;
	return queue(conn, len, now_ns) ? (int)(CMD_BYTES + len) : -1;
}

/*
 * -ECONNRESET when that cancelled the transfer, 0 when it had been answered before. One
 * that is on the bus runs to its end there, as the device cannot know.
 */
static int parse_unlink(struct usbip_conn *conn, int64_t now_ns)
{
	uint32_t wanted = wire_u32(conn->in + AT_UNLINK_SEQNUM);
	int32_t status = 0;

	for (struct urb **link = &conn->head; *link; link = &(*link)->next) {
		if ((*link)->seqnum != wanted)
			continue;
		if (link == &conn->head && conn->active)
			end_transfer(conn, now_ns > conn->due_ns ? conn->due_ns : now_ns);
		if (link == &conn->head && conn->silent && (*link)->next)
			(*link)->next->arrival_ns =
				now_ns; /* it could not start before */
		if (link == &conn->head)
			conn->silent = false;
		unqueue(conn, link);
		status = -ECONNRESET;
		break;
	}
	put_return(conn, RET_UNLINK, wire_u32(conn->in + AT_SEQNUM), status);
	bytes_put_zeros(&conn->out, 24);
	return CMD_BYTES;
}

static int parse_command(struct usbip_conn *conn, int64_t now_ns)
{
	if (conn->in_len < CMD_BYTES)
		return 0;
	if (wire_u32(conn->in + AT_DEVID) != devid(conn->export) ||
	    wire_u32(conn->in + AT_DIRECTION) > DIR_IN ||
	    wire_u32(conn->in + AT_EP) > 15) {
		log_event("usbip: closed: a command for a device or endpoint that is not "
			  "here");
		return -1;
	}
	switch (wire_u32(conn->in + AT_COMMAND)) {
	case CMD_SUBMIT:
		return parse_submit(conn, now_ns);
	case CMD_UNLINK:
		return parse_unlink(conn, now_ns);
	default:
		log_event("usbip: closed: unknown command 0x%08x",
			  wire_u32(conn->in + AT_COMMAND));
		return -1;
	}
}

static bool parse(struct usbip_conn *conn, int64_t now_ns)
{
	while (conn->in_len > 0) {
		int used = conn->imported ? parse_command(conn, now_ns) : parse_op(conn);

		if (used < 0 || conn->out.failed)
			return false;
		if (used == 0)
			return true;
		conn->in_len -= (size_t)used;
		memmove(conn->in, conn->in + used, conn->in_len);
	}
	return true;
}

bool usbip_conn_feed(struct usbip_conn *conn, const uint8_t *bytes, size_t len,
		     int64_t now_ns)
{
	while (len > 0) {
		size_t room = sizeof(conn->in) - conn->in_len;
		size_t part = len < room ? len : room;

		memcpy(conn->in + conn->in_len, bytes, part);
		conn->in_len += part;
		bytes += part;
		len -= part;
		if (!parse(conn, now_ns))
			return false;
	}
	return true;
}

/* -- the transfers ----------------------------------------------------------------- */

static int64_t start_ns(const struct usbip_conn *conn)
{
	const struct usb_device *device = &conn->export->device;
	int64_t ready_ns = device->ops->ready_ns(device->ctx);

	return conn->head->arrival_ns > ready_ns ? conn->head->arrival_ns : ready_ns;
}

int64_t usbip_conn_due_ns(const struct usbip_conn *conn)
{
	if (!conn->head || conn->silent)
		return CLOCK_NEVER;
	return conn->active ? conn->due_ns : start_ns(conn);
}

static void complete(struct usbip_conn *conn, int64_t now_ns)
{
	answer_submit(conn, conn->head, conn->result);
	conn->late_ns = now_ns - conn->due_ns;
	conn->last_due_ns = conn->due_ns;
	unqueue(conn, &conn->head);
	end_transfer(conn, conn->due_ns);
}

bool usbip_conn_run(struct usbip_conn *conn, int64_t now_ns)
{
	const struct usb_device *device = &conn->export->device;

	while (conn->imported) {
		if (plugged(conn->export) != conn->plugged || conn->out.failed) {
			log_event("usbip: detached");
			return false;
		}
		if (usbip_conn_due_ns(conn) > now_ns)
			return true;
		if (conn->active) {
			complete(conn, now_ns);
			continue;
		}
		conn->result = device->ops->control(device->ctx, &conn->head->setup,
						    conn->head->data, start_ns(conn),
						    &conn->due_ns);
		conn->silent = conn->result == USB_SILENT;
		conn->active = !conn->silent && conn->result != USB_GONE;
	}
	return true;
}
