/* Programs for a virtual chip that is run without its ROM: they get into flash by hand. */
#ifndef TESTS_BOARD_LOAD_H
#define TESTS_BOARD_LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "flash.h"

#define LOAD_ELF_BYTES (512 * 1024)

/* All of it has to lie in flash that is blank. */
static inline void load_bytes(struct flash *flash, uint32_t at, const void *bytes,
			      uint32_t len)
{
	struct flash_op op = { .kind = FLASH_OP_PROGRAM, .width = FLASH_X32 };

	for (uint32_t done = 0; done < len; done += op.len) {
		op.address = at + done;
		op.len = len - done < FLASH_OP_MAX ? len - done : FLASH_OP_MAX;
		memcpy(op.data, (const uint8_t *)bytes + done, op.len);
		flash_op_begin(flash, &op);
		flash_op_finish(flash, &op);
	}
}

static inline uint32_t load_word(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
	       (uint32_t)b[3] << 24;
}

/*
 * The loadable segments of an ELF file of 32 bits that we have built, at their physical
 * addresses (ELF 1.2, figures 1-3 and 2-1). False: there is no such file.
 */
__attribute__((unused)) static bool load_elf(struct flash *flash, const char *path)
{
	static uint8_t elf[LOAD_ELF_BYTES];
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(elf, 1, sizeof(elf), file) : 0;
	const uint8_t *header = elf + (size > 52 ? load_word(elf + 28) : 0);

	if (file)
		fclose(file);
	if (size <= 52 || size == sizeof(elf) ||
	    load_word(elf + 28) + elf[44] * 32u > size)
		return false;
	for (unsigned i = 0; i < elf[44]; i++, header += 32)
		if (load_word(header) == 1) /* PT_LOAD */
			load_bytes(flash, load_word(header + 12),
				   elf + load_word(header + 4), load_word(header + 16));
	return true;
}

#endif
