/*
 * The memories of an STM32F407VG that hold without power: 1 MiB of flash, the OTP area
 * and the option bytes, with the rules and the times of RM0090 section 3 and DS8626
 * table 40.
 */
#ifndef BOARD_FLASH_H
#define BOARD_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#define FLASH_BASE      0x08000000u
#define FLASH_BYTES     0x00100000u
#define FLASH_SECTORS   12
#define OTP_BASE        0x1FFF7800u
#define OTP_BLOCKS      16
#define OTP_BLOCK_BYTES 32
#define OTP_LOCKS       (OTP_BLOCKS * OTP_BLOCK_BYTES) /* offset of LOCKB0 */
#define OTP_BYTES       (OTP_LOCKS + OTP_BLOCKS)
#define OPTION_BASE     0x1FFFC000u
#define OPTION_BYTES    16
#define FLASH_OP_MAX    2048

/* How many bits are programmed at a time: PSIZE of FLASH_CR */
enum flash_width { FLASH_X8, FLASH_X16, FLASH_X32, FLASH_WIDTHS };

enum flash_op_kind {
	FLASH_OP_NONE,
	FLASH_OP_PROGRAM, /* `data` at `address`, flash or OTP */
	FLASH_OP_ERASE,   /* the sector that holds `address` */
	FLASH_OP_MASS_ERASE,
	FLASH_OP_OPTIONS,   /* `data` are the 16 new option bytes; RDP 1 to 0 erases */
	FLASH_OP_UNPROTECT, /* mass erase, and the option bytes of a new chip */
};

struct flash_op {
	enum flash_op_kind kind;
	enum flash_width width;
	uint32_t address;
	uint32_t len;
	uint8_t data[FLASH_OP_MAX];
};

struct flash;

/* `store` may be NULL: a chip that forgets. NULL: the store has the words. */
struct flash *flash_open(struct store *store);
void flash_close(struct flash *flash);

/* All of address..address+len lies in one of the three memories. */
bool flash_has(uint32_t address, uint32_t len);
bool flash_read(const struct flash *flash, uint32_t address, uint8_t *bytes,
		uint32_t len);
/* The FLASH_BYTES at FLASH_BASE, for a processor to run from. */
const uint8_t *flash_array(const struct flash *flash);

int flash_sector(uint32_t address); /* -1: not in flash */
uint32_t flash_sector_base(int sector);
uint32_t flash_sector_bytes(int sector);
int flash_rdp(const struct flash *flash);       /* read protection level, 0 to 2 */
unsigned flash_nwrp(const struct flash *flash); /* bit n clear: sector n is protected */

/* Bits of the option byte USER (RM0090 table 14) */
#define FLASH_USER_WDG_SW     0x20u /* clear: the watchdog starts with the chip */
#define FLASH_USER_NRST_STOP  0x40u /* clear: entering Stop resets */
#define FLASH_USER_NRST_STDBY 0x80u
unsigned flash_user(const struct flash *flash);
/* What is in flash or OTP is kept from changes, by nWRP or the lock of the block. */
bool flash_protected(const struct flash *flash, uint32_t address);

/* It takes the read protection from level 1 to 0, and so erases the flash before. */
bool flash_op_unprotects(const struct flash *flash, const struct flash_op *op);

/*
 * An operation takes time, and power may fail in it. begin() leaves on disk what a killed
 * process would leave on the chip; then comes finish(), or cut() after a `fraction` of
 * it: a part of the erase done, the place it had reached holding garbage, the rest as it
 * was. The same seed leaves the same garbage. No other sector is touched.
 */
int64_t flash_op_ns(const struct flash *flash, const struct flash_op *op);
void flash_op_begin(struct flash *flash, const struct flash_op *op);
void flash_op_finish(struct flash *flash, const struct flash_op *op);
void flash_op_cut(struct flash *flash, const struct flash_op *op, double fraction,
		  uint32_t seed);

#endif
