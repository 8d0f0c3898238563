/*
 * What is left in RAM over a reset, for the next start. After power-on it is anything:
 * nothing of it counts without its magic or its CRC.
 */
#ifndef NOINIT_H
#define NOINIT_H

#include <stdint.h>

/*
 * A fault as it was found. Registers are those of the interrupted program, from the frame
 * that the core has pushed ([PM0214] 2.3.7); zero where the stack was not to be read.
 */
struct fault_record {
	uint32_t crc;       /* of all that follows: record_crc32() */
	uint32_t count;     /* faults since it was last reported */
	uint32_t exception; /* its number: 3 hard fault, 4 memory, 5 bus, 6 usage, ... */
	uint32_t r[4], r12, lr, pc, psr, sp;
	uint32_t exc_return;
	uint32_t cfsr, hfsr, mmar, bfar;
	uint32_t uptime_ms;
	uint32_t framed; /* 1 when the registers are there */
};

/*
 * The first two words are for the boot stub, which may be older than the application: they
 * stay where they are.
 */
struct noinit {
	uint32_t boot;  /* NOINIT_BOOT_ROM: start the ROM bootloader */
	uint32_t start; /* how the stub was started: NOINIT_START_... */
	uint32_t task;  /* what the main loop is at: enum task, behind NOINIT_TASK */
	struct fault_record fault;
};

#define NOINIT_BOOT_ROM      0x0dfb0075u
#define NOINIT_START_RESET   0x57a27e5eu
#define NOINIT_START_ROM_RAN 0x57a27b00u /* the bootloader jumped to the stub */
#define NOINIT_TASK          0x7a5c0000u

extern struct noinit noinit;

#endif
