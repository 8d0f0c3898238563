/*
 * A bootloader in memory, for tests without a board: an STM32F407's DfuSe as [AN3156] tells
 * it, behind a struct dfu_io, with a fault at any transfer. Written from the documents, not
 * from the library, and stricter than a ROM: what no client should do, it counts.
 */
#ifndef FAKE_ROM_H
#define FAKE_ROM_H

#include "dfu.h"

#define FAKE_FLASH_ADDR  0x08000000u
#define FAKE_FLASH_BYTES (1u << 20)
#define FAKE_SECTORS     12u
#define FAKE_OTP_BYTES   528u

enum fake_fault {
	FAULT_NONE,
	FAULT_STALL,     /* refused, and the device has not seen it */
	FAULT_CONFUSED,  /* refused, with dfuERROR as [DFU] A.2 has it */
	FAULT_LOST,      /* no answer, and the device has not seen it */
	FAULT_UNHEARD,   /* no answer, but the device has done it */
	FAULT_BROKEN,    /* an error on the bus before the device saw it */
	FAULT_POWER_CUT, /* gone, and an erase under way leaves garbage */
};

struct fake_rom {
	/* What a test may set before it opens the device. */
	uint32_t poll_ms;         /* bwPollTimeout while busy */
	unsigned busy_answers;    /* dfuDNBUSY answers beyond the first: 0 serialises */
	bool protected;           /* RDP level 1 */
	bool no_options;          /* the option bytes cannot be read */
	unsigned options_refused; /* so many reads of them fail */
	bool no_feature;          /* the device feature cannot be used */
	bool pointer_lost;        /* CLRSTATUS resets the address pointer */
	bool silent_leave;        /* no answer to the GETSTATUS that sends it off */
	bool stays;               /* it does not leave the bus when it should */
	uint16_t transfer_bytes;  /* wTransferSize */
	uint64_t fault_at;        /* the number of the transfer, from 1 */
	unsigned fault_times;     /* so many transfers from there on; 0 is 1 */
	enum fake_fault fault;

	uint8_t flash[FAKE_FLASH_BYTES];
	uint8_t otp[FAKE_OTP_BYTES];
	uint8_t options[16];
	uint8_t feature[4];

	/* What it did. */
	uint8_t state, status, alt;
	bool gone, closed;
	uint64_t transfers;
	unsigned erases[FAKE_SECTORS], mass_erases;
	unsigned writes, reads; /* blocks of flash */
	unsigned set_addresses;
	unsigned option_writes, unprotects, leaves;
	uint32_t last_write;     /* the address of the last block */
	uint32_t low, high;      /* the bytes of flash that were programmed */
	const char *broken_rule; /* what no client should do, or NULL */

	/* Inside. */
	uint32_t pointer;
	uint16_t block;
	uint16_t n_pending;
	uint8_t pending[4096];
	unsigned busy_left;
	bool after; /* the pending operation resets the device */
};

/* As it comes from a reset with BOOT0 high, flash blank. To be freed. */
struct fake_rom *fake_rom_new(void);
void fake_rom_free(struct fake_rom *rom);

/* Power off and on, or a reset: the memories stay. */
void fake_rom_reset(struct fake_rom *rom);

/* The way to it; closing it marks it as closed only. */
struct dfu_io fake_rom_io(struct fake_rom *rom);

/* Its descriptors: those of a STM32F407VG, bcdDevice 2200. */
struct dfu_board fake_rom_board(const struct fake_rom *rom);

/* The sector that holds `addr`. */
unsigned fake_rom_sector(uint32_t addr, uint32_t *from, uint32_t *bytes);

#endif
