#include "usbdesc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* As a stm32f4discovery shows them (device-logs of dfu-util); bcdDevice at 12. */
static const uint8_t device[] = {
	0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83,
	0x04, 0x11, 0xDF, 0x00, 0x22, 0x01, 0x02, 0x03, 0x01,
};
static const uint8_t configuration[] = {
	0x09, 0x02, 0x36, 0x00, 0x01, 0x01, 0x00, 0xC0, 0x32, 0x09, 0x04,
	0x00, 0x00, 0x00, 0xFE, 0x01, 0x02, 0x04, 0x09, 0x04, 0x00, 0x01,
	0x00, 0xFE, 0x01, 0x02, 0x05, 0x09, 0x04, 0x00, 0x02, 0x00, 0xFE,
	0x01, 0x02, 0x06, 0x09, 0x04, 0x00, 0x03, 0x00, 0xFE, 0x01, 0x02,
	0x07, 0x09, 0x21, 0x0B, 0xFF, 0x00, 0x00, 0x08, 0x1A, 0x01,
};

#define DEVICE_BCD 12
#define DFU_BYTES  9
#define LANGID_AT  0
#define SERIAL_AT  3

/* Protocol 2.1 says `g` where 2.2 says `e` (AN3156 table 5): %c. */
static const char *const strings[] = {
	NULL,
	"STMicroelectronics",
	"STM32  BOOTLOADER",
	NULL,
	"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg",
	"@Option Bytes  /0x1FFFC000/01*016 e",
	"@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
	"@Device Feature/0xFFFF0000/01*004 e",
};

#define STRINGS        (sizeof(strings) / sizeof(strings[0]))
#define FIRST_LETTERED 5

/* AN2606's serial number: it keeps 48 of the 96 bits, so two boards may share one. */
void usbdesc_init(struct usbdesc *desc, unsigned rev, const uint32_t uid[3])
{
	desc->rev = rev;
	snprintf(desc->serial, sizeof(desc->serial), "%08" PRIX32 "%04" PRIX32,
		 uid[0] + uid[2], uid[1] >> 16);
}

static size_t string_descriptor(const char *text, uint8_t *bytes)
{
	size_t len = strlen(text);

	bytes[0] = (uint8_t)(2 + 2 * len);
	bytes[1] = USBDESC_STRING;
	for (size_t i = 0; i < len; i++) {
		bytes[2 + 2 * i] = (uint8_t)text[i];
		bytes[3 + 2 * i] = 0;
	}
	return bytes[0];
}

static size_t get_string(const struct usbdesc *desc, unsigned index, uint8_t *bytes)
{
	static const uint8_t langid[] = { 0x04, USBDESC_STRING, 0x09, 0x04 };
	char text[64];

	if (index == LANGID_AT) {
		memcpy(bytes, langid, sizeof(langid));
		return sizeof(langid);
	}
	if (index >= STRINGS)
		return 0;
	if (index == SERIAL_AT)
		return string_descriptor(desc->serial, bytes);
	snprintf(text, sizeof(text), "%s", strings[index]);
	/* the type letters are the only small e's in the upper strings */
	for (char *c = text; index >= FIRST_LETTERED && desc->rev == 0x2100 && *c; c++)
		if (*c == 'e' && c[-1] == ' ')
			*c = 'g';
	return string_descriptor(text, bytes);
}

static size_t copy(uint8_t *to, const uint8_t *from, size_t len)
{
	memcpy(to, from, len);
	return len;
}

size_t usbdesc_get(const struct usbdesc *desc, unsigned type, unsigned index,
		   uint8_t bytes[USBDESC_MAX])
{
	if (type == USBDESC_STRING)
		return get_string(desc, index, bytes);
	if (index != 0)
		return 0;
	if (type == USBDESC_DEVICE) {
		copy(bytes, device, sizeof(device));
		bytes[DEVICE_BCD] = (uint8_t)desc->rev;
		bytes[DEVICE_BCD + 1] = (uint8_t)(desc->rev >> 8);
		return sizeof(device);
	}
	if (type == USBDESC_CONFIGURATION)
		return copy(bytes, configuration, sizeof(configuration));
	if (type == USBDESC_DFU)
		return copy(bytes, configuration + sizeof(configuration) - DFU_BYTES,
			    DFU_BYTES);
	return 0;
}
