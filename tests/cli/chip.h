/*
 * A virtual board with the bundled firmware, as somebody sees it who has its console and
 * its pins, and no jumper on BOOT0.
 */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>
#include <stddef.h>

/* What is there after a start. */
enum chip_is {
	CHIP_ROM, /* the bootloader */
	CHIP_APP, /* the application: it has greeted */
	CHIP_DEAD /* neither: the processor has locked up */
};

/* The board of this folder, once it runs; again after it has been started anew. */
void chip_open(const char *folder);

/* From here on chip_comes_up() looks for a greeting: before what makes the board start. */
void chip_forget(void);

/* Waits for one of them; dies when none comes. */
enum chip_is chip_comes_up(void);

/* Of the application that has come up: what it greeted with. */
const char *chip_version(char *to, size_t bytes);

/* Types a command, and hears its answer up to the "ok". */
void chip_ask(const char *command);

/* The value of a line "key value" of the answer; empty when there is none. */
const char *chip_value(const char *key, char *to, size_t bytes);

/* `dfu` on the console; dies when the bootloader does not come up, with BOOT0 low. */
void chip_to_rom(void);

/* A reset by the pin, with the jumper on BOOT0 or off it; it is off afterwards. */
void chip_reset(bool boot0);

#endif
