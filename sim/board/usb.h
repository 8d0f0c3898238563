/*
 * What a USB device looks like from the bus. The USB/IP server knows this much and no
 * more, so that whatever runs on the chip can be the device: the ROM, or firmware.
 */
#ifndef BOARD_USB_H
#define BOARD_USB_H

#include <stddef.h>
#include <stdint.h>

/* USB 2.0, 9.3: the setup packet, decoded */
struct usb_setup {
	uint8_t bmRequestType;
	uint8_t bRequest;
	uint16_t wValue;
	uint16_t wIndex;
	uint16_t wLength;
};

#define USB_SETUP_BYTES   8
#define USB_DIR_IN        0x80
#define USB_TYPE_MASK     0x60
#define USB_TYPE_STANDARD 0x00
#define USB_TYPE_CLASS    0x20
#define USB_RECIP_MASK    0x1F

/* the most a control transfer can carry: wLength is 16 bits wide */
#define USB_CONTROL_MAX 65535

/* How a control transfer ended, when not with a number of bytes */
#define USB_STALL  (-1)
#define USB_SILENT (-2) /* NAK for ever: only the host's patience ends it */
#define USB_GONE   (-3) /* the device left the bus under it */

struct usb_interface {
	uint8_t bInterfaceClass;
	uint8_t bInterfaceSubClass;
	uint8_t bInterfaceProtocol;
};

#define USB_INTERFACES_MAX 4

struct usb_ident {
	uint16_t idVendor;
	uint16_t idProduct;
	uint16_t bcdDevice;
	uint8_t bDeviceClass;
	uint8_t bDeviceSubClass;
	uint8_t bDeviceProtocol;
	uint8_t bConfigurationValue;
	uint8_t bNumConfigurations;
	uint8_t bNumInterfaces;
	struct usb_interface interfaces[USB_INTERFACES_MAX];
};

struct usb_device_ops {
	/* 0: not on the bus; else a number that is new each time the device appears */
	unsigned (*plugged)(void *ctx);
	void (*ident)(void *ctx, struct usb_ident *ident);
	/* a host took the device: what a bus reset clears is cleared */
	void (*attached)(void *ctx);
	/* from when on the device can take a transfer; it NAKs until then */
	int64_t (*ready_ns)(void *ctx);
	/*
	 * A control transfer that starts at `start_ns`. `data` holds wLength bytes of an
	 * OUT transfer, or has room for as many. Returns the bytes of an IN transfer, 0
	 * for OUT, or USB_STALL and the like; `*end_ns` is when the bus is done with it.
	 */
	int (*control)(void *ctx, const struct usb_setup *setup, uint8_t *data,
		       int64_t start_ns, int64_t *end_ns);
	/* the same transfer's status stage is over; what it set off begins now */
	void (*control_done)(void *ctx, int64_t end_ns);
};

struct usb_device {
	const struct usb_device_ops *ops;
	void *ctx;
};

void usb_parse_setup(struct usb_setup *setup, const uint8_t bytes[USB_SETUP_BYTES]);

/* The bus time of a control transfer that moved `bytes`, at full speed. */
int64_t usb_bus_ns(const struct usb_setup *setup, int bytes);

#endif
