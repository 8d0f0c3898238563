/*
 * judge FLASH.BIN: whether the boot stub would start the application in it. 0 when it would,
 * else the enum app_state.
 */
#include "boot/app_header.h"
#include "hw/memory.h"

#include <stdio.h>

static uint8_t flash[FLASH_BYTES];

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	struct app_entry entry;

	if (!file || fread(flash, 1, sizeof(flash), file) != sizeof(flash)) {
		fprintf(stderr, "judge: no flash of %u bytes\n", FLASH_BYTES);
		return 125;
	}
	fclose(file);
	return (int)app_check(flash + (APP_BASE - FLASH_BASE), APP_BYTES, APP_BASE,
			      &entry);
}
