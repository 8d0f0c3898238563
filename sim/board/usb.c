#include "usb.h"

/*
 * USB 2.0, 5.5.4, table 5-2 (full-speed control): 45 bytes of overhead for a transfer of
 * three transactions, the setup packet's 8 among them. Each further data packet costs
 * what a bulk one does, 13 bytes (5.8.4, table 5-9). Without a data stage one such
 * transaction less. 12 Mbit/s are 2000/3 ns a byte. Bit stuffing and the host's own
 * scheduling are left out: 2048 bytes and two GETSTATUS come to 1.73 ms.
 */
enum { CONTROL_OVERHEAD = 45, PACKET_OVERHEAD = 13, PACKET_BYTES = 64 };

void usb_parse_setup(struct usb_setup *setup, const uint8_t bytes[USB_SETUP_BYTES])
{
	setup->bmRequestType = bytes[0];
	setup->bRequest = bytes[1];
	setup->wValue = (uint16_t)(bytes[2] | bytes[3] << 8);
	setup->wIndex = (uint16_t)(bytes[4] | bytes[5] << 8);
	setup->wLength = (uint16_t)(bytes[6] | bytes[7] << 8);
}

int64_t usb_bus_ns(const struct usb_setup *setup, int bytes)
{
	int64_t on_wire = CONTROL_OVERHEAD - PACKET_OVERHEAD;
	int64_t moved = bytes;

	/* a STALL comes in the place of the first data or status packet */
	if (bytes < 0)
		return on_wire * 2000 / 3;
	if (!(setup->bmRequestType & USB_DIR_IN))
		moved = setup->wLength;
	if (setup->wLength > 0) {
		int64_t packets = (moved + PACKET_BYTES - 1) / PACKET_BYTES;

		/* an IN that ends on a full packet before wLength adds an empty one */
		if (packets == 0 || (moved % PACKET_BYTES == 0 && moved < setup->wLength))
			packets++;
		on_wire += moved + packets * PACKET_OVERHEAD;
	}
	return on_wire * 2000 / 3;
}
