/* Who this chip is. */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>
#include <stdint.h>

#define CHIP_SERIAL_CHARS 13u /* twelve digits and the end */

/*
 * The serial number that the ROM bootloader shows over USB: of the unique id's three words,
 * the sum of the first and the third in eight digits, and the upper half of the second in
 * four, upper-case.
 */
void chip_serial(char out[CHIP_SERIAL_CHARS]);

struct chip {
	uint16_t device; /* 0x413: STM32F405/407/415/417 */
	uint16_t revision;
	uint16_t flash_kib;
};
struct chip chip_look(void);

/* Everything as a reset leaves it, but that the program goes on: for a jump. */
void chip_quiet(void);

/*
 * What is at address 0: flash, or the ROM bootloader. After a reset the pins BOOT0 and
 * BOOT1 say it; a program that flash was mapped for was not started by the bootloader.
 */
void chip_map_flash(void);
void chip_map_rom(void);
bool chip_is_rom_mapped(void);

#endif
