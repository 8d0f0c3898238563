/* An application as the firmware's build makes it, in the flash of the mock. */
#ifndef IMAGES_H
#define IMAGES_H

#include "mock_bus.h"

#include "boot/app_header.h"
#include "hw/memory.h"
#include "record.h"

#define IMAGE_BYTES 0x1000u
#define IMAGE_SP    0x20002000u
#define IMAGE_PC    (APP_BASE + 0x801u)

static inline void image_seal(uint32_t length)
{
	mock_set(APP_BASE + 4, record_crc32(0, mock_memory(APP_BASE) + 8, length - 8));
}

static inline void image_make(void)
{
	for (uint32_t at = 0; at < IMAGE_BYTES; at += 4)
		mock_set(APP_BASE + at, 0x2000bf00 + at);
	mock_set(APP_BASE + 0x00, APP_MAGIC);
	mock_set(APP_BASE + 0x08, IMAGE_BYTES);
	mock_set(APP_BASE + 0x0c, APP_SCHEMA | sizeof(struct app_header) << 16);
	mock_set(APP_BASE + 0x10, APP_BASE + APP_VECTORS);
	mock_set(APP_BASE + APP_VECTORS, IMAGE_SP);
	mock_set(APP_BASE + APP_VECTORS + 4, IMAGE_PC);
	mock_set(APP_BASE + APP_VALID, APP_VALID_WORD);
	image_seal(IMAGE_BYTES);
}

#endif
