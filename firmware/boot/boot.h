/* Starting the ROM bootloader, and being started. */
#ifndef BOOT_H
#define BOOT_H

#include "boot/app_header.h"

#include <stdbool.h>

/*
 * For the stub, before chip_quiet(): was the ROM bootloader asked for before this reset?
 * Forgets the question, and leaves word of how the stub was started. What asks in RAM, and
 * was not put there before a software reset, is an accident.
 */
bool boot_asked(void);

/*
 * Did something run before this program, since the reset? Then it was the ROM bootloader,
 * which jumped here. To be asked before chip_quiet(); leaves word when it was.
 */
bool boot_is_warm(void);

/* The boot stub. On the target it does not come back. */
void stub_run(void);

/* Ask for it, and reset. On the target it does not come back. */
void boot_ask(void);

#endif
