/*
 * The application's header as the boot stub reads it. The first byte says whether the CRC is
 * made to fit, so that what lies behind that is reached too.
 */
#include "boot/app_header.h"
#include "hw/memory.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void seal(uint8_t *bytes, size_t room)
{
	uint32_t length =
		bytes[8] | bytes[9] << 8 | bytes[10] << 16 | (uint32_t)bytes[11] << 24;
	uint32_t crc;

	if (length < 12 || length > room)
		return;
	crc = record_crc32(0, bytes + 8, length - 8);
	memcpy(bytes + 4, &crc, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct app_entry entry;
	size_t room = len ? len - 1 : 0;
	uint8_t *bytes = malloc(room + !room);

	if (!bytes)
		return 0;
	if (room)
		memcpy(bytes, data + 1, room);
	if (room > 12 && data[0] & 1)
		seal(bytes, room);
	/* What is started lies within the image, and its stack within RAM. */
	if (app_check(bytes, room, APP_BASE, &entry) == APP_OK &&
	    (entry.pc - APP_BASE >= room || entry.vectors - APP_BASE >= room ||
	     entry.sp % 8 || entry.sp - 1 < CCM_BASE || entry.sp > RAM_BASE + RAM_BYTES))
		abort();
	free(bytes);
	return 0;
}
