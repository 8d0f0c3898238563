#include "usbdev.h"

#include <string.h>

/* USB 2.0, table 9-4 */
enum {
	GET_STATUS = 0,
	CLEAR_FEATURE = 1,
	SET_FEATURE = 3,
	SET_ADDRESS = 5,
	GET_DESCRIPTOR = 6,
	GET_CONFIGURATION = 8,
	SET_CONFIGURATION = 9,
	GET_INTERFACE = 10,
	SET_INTERFACE = 11,
};

enum { TO_DEVICE = 0x00, TO_INTERFACE = 0x01, TO_ENDPOINT = 0x02 };

#define SELF_POWERED 1 /* bmAttributes C0 of the configuration says so */

/* USB/IP hands over a device that some host has already configured. */
void usbdev_reset(struct usbdev *dev)
{
	dev->configuration = 1;
	dev->alt = 0;
}

void usbdev_ident(const struct usbdev *dev, struct usb_ident *ident)
{
	static const struct usb_interface dfu = { 0xFE, 0x01, 0x02 };

	memset(ident, 0, sizeof(*ident));
	ident->idVendor = 0x0483;
	ident->idProduct = 0xDF11;
	ident->bcdDevice = (uint16_t)dev->desc.rev;
	ident->bConfigurationValue = dev->configuration;
	ident->bNumConfigurations = 1;
	ident->bNumInterfaces = 1;
	ident->interfaces[0] = dfu;
}

static int answer(const struct usb_setup *setup, uint8_t *data, const uint8_t *bytes,
		  size_t len)
{
	if (len > setup->wLength)
		len = setup->wLength;
	memcpy(data, bytes, len);
	return (int)len;
}

static int get_status(struct usbdev *dev, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t status[2] = { 0, 0 };

	(void)dev;
	if ((setup->bmRequestType & USB_RECIP_MASK) == TO_DEVICE)
		status[0] = SELF_POWERED;
	return answer(setup, data, status, sizeof(status));
}

static int get_descriptor(struct usbdev *dev, const struct usb_setup *setup,
			  uint8_t *data)
{
	uint8_t bytes[USBDESC_MAX];
	size_t len =
		usbdesc_get(&dev->desc, setup->wValue >> 8, setup->wValue & 0xFF, bytes);

	return len ? answer(setup, data, bytes, len) : USB_STALL;
}

static int get_configuration(struct usbdev *dev, const struct usb_setup *setup,
			     uint8_t *data)
{
	return answer(setup, data, &dev->configuration, 1);
}

static int set_configuration(struct usbdev *dev, const struct usb_setup *setup,
			     uint8_t *data)
{
	(void)data;
	if (setup->wValue > 1)
		return USB_STALL;
	dev->configuration = (uint8_t)setup->wValue;
	dev->alt = 0;
	return 0;
}

static int get_interface(struct usbdev *dev, const struct usb_setup *setup, uint8_t *data)
{
	if (!dev->configuration || setup->wIndex != 0)
		return USB_STALL;
	return answer(setup, data, &dev->alt, 1);
}

static int set_interface(struct usbdev *dev, const struct usb_setup *setup, uint8_t *data)
{
	(void)data;
	if (!dev->configuration || setup->wIndex != 0 || setup->wValue >= USBDESC_ALTS)
		return USB_STALL;
	dev->alt = (uint8_t)setup->wValue;
	return 0;
}

static int accept(struct usbdev *dev, const struct usb_setup *setup, uint8_t *data)
{
	(void)dev, (void)setup, (void)data;
	return 0;
}

static const struct standard {
	uint8_t bmRequestType;
	uint8_t bRequest;
	int (*serve)(struct usbdev *dev, const struct usb_setup *setup, uint8_t *data);
} standards[] = {
	{ USB_DIR_IN | TO_DEVICE, GET_STATUS, get_status },
	{ USB_DIR_IN | TO_INTERFACE, GET_STATUS, get_status },
	{ USB_DIR_IN | TO_ENDPOINT, GET_STATUS, get_status },
	{ TO_DEVICE, CLEAR_FEATURE, accept },
	{ TO_ENDPOINT, CLEAR_FEATURE, accept },
	{ TO_DEVICE, SET_FEATURE, accept },
	{ TO_DEVICE, SET_ADDRESS, accept },
	{ USB_DIR_IN | TO_DEVICE, GET_DESCRIPTOR, get_descriptor },
	{ USB_DIR_IN | TO_INTERFACE, GET_DESCRIPTOR, get_descriptor },
	{ USB_DIR_IN | TO_DEVICE, GET_CONFIGURATION, get_configuration },
	{ TO_DEVICE, SET_CONFIGURATION, set_configuration },
	{ USB_DIR_IN | TO_INTERFACE, GET_INTERFACE, get_interface },
	{ TO_INTERFACE, SET_INTERFACE, set_interface },
};

int usbdev_control(struct usbdev *dev, const struct usb_setup *setup, uint8_t *data)
{
	uint8_t type = setup->bmRequestType & USB_TYPE_MASK;

	if (type == USB_TYPE_CLASS) {
		if ((setup->bmRequestType & USB_RECIP_MASK) != TO_INTERFACE ||
		    !dev->configuration || setup->wIndex != 0)
			return USB_STALL;
		return rom_request(dev->rom, setup, data);
	}
	if (type != USB_TYPE_STANDARD)
		return USB_STALL;
	for (size_t i = 0; i < sizeof(standards) / sizeof(standards[0]); i++)
		if (standards[i].bmRequestType == setup->bmRequestType &&
		    standards[i].bRequest == setup->bRequest)
			return standards[i].serve(dev, setup, data);
	return USB_STALL;
}
