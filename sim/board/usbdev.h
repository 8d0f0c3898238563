/* Endpoint 0 of the ROM: USB 2.0 chapter 9, and who gets the class requests. */
#ifndef BOARD_USBDEV_H
#define BOARD_USBDEV_H

#include "rom.h"
#include "usb.h"
#include "usbdesc.h"

struct usbdev {
	struct usbdesc desc;
	struct rom *rom;
	uint8_t configuration;
	uint8_t alt;
};

/* What a bus reset and an enumeration leave: configured, first alternate setting. */
void usbdev_reset(struct usbdev *dev);
void usbdev_ident(const struct usbdev *dev, struct usb_ident *ident);

/* As the operation `control` of usb.h, without its time. */
int usbdev_control(struct usbdev *dev, const struct usb_setup *setup, uint8_t *data);

#endif
