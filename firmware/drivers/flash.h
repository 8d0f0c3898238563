/*
 * Erasing and programming the flash that the program runs from: the core stands still
 * meanwhile, unless the cache has what it needs.
 */
#ifndef FLASH_H
#define FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flash_err {
	FLASH_OK,
	FLASH_BUSY,      /* it does not come to an end */
	FLASH_LOCKED,    /* it does not take the keys: locked until the next reset */
	FLASH_PROTECTED, /* the sector is write-protected */
	FLASH_SEQUENCE,  /* the interface complains about how it was used */
	FLASH_WRONG      /* it does not hold what was written */
};

/* Erase a sector, 0 to 11; up to 2 s for one of 64 KiB at 2.7 V and more. */
enum flash_err flash_erase(unsigned sector);

/* Program words at an address that is a multiple of 4. Bits can only be cleared. */
enum flash_err flash_program(uint32_t addr, const uint32_t *words, size_t n);

/* No longer to be changed. */
void flash_lock(void);

const char *flash_words(enum flash_err err);

/* -- one-time memory: [RM0090] 3.6.5. It is never written here. --------------------- */

#define OTP_BLOCK_BYTES 32u

/* The bytes of a block, 0 to 15, where they lie. */
const uint8_t *otp_block(unsigned block);
bool otp_is_locked(unsigned block);

#endif
