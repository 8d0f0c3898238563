/* The descriptors of the F407's ROM, to the byte, as boards show them. */
#ifndef BOARD_USBDESC_H
#define BOARD_USBDESC_H

#include <stddef.h>
#include <stdint.h>

#define USBDESC_DEVICE        1
#define USBDESC_CONFIGURATION 2
#define USBDESC_STRING        3
#define USBDESC_DFU           0x21

#define USBDESC_ALTS         4
#define USBDESC_MAX          256
#define USBDESC_SERIAL_CHARS 12

/* `rev` is 0x2200 or 0x2100: it sets bcdDevice and the letters of the layouts. */
struct usbdesc {
	unsigned rev;
	char serial[USBDESC_SERIAL_CHARS + 1];
};

void usbdesc_init(struct usbdesc *desc, unsigned rev, const uint32_t uid[3]);

/* Descriptor `index` of `type`; returns its length, 0 when the ROM has none such. */
size_t usbdesc_get(const struct usbdesc *desc, unsigned type, unsigned index,
		   uint8_t bytes[USBDESC_MAX]);

#endif
