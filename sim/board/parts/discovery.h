/*
 * What is on the STM32F4-Discovery around the chip (UM1472): the user button, the LEDs,
 * the accelerometer and the codec. Its reset button is board_reset().
 */
#ifndef PARTS_DISCOVERY_H
#define PARTS_DISCOVERY_H

#include "core/mcu.h"

struct discovery_led {
	const char *name; /* as printed beside it */
	const char *colour;
	uint8_t pin; /* as in pins.h */
	bool low;    /* it shines while the pin is low */
};

#define DISCOVERY_LEDS 6
extern const struct discovery_led discovery_leds[DISCOVERY_LEDS];

struct discovery;

/* Solders all of it to `mcu`, which has to outlive it. NULL: no memory. */
struct discovery *discovery_new(struct mcu *mcu);
void discovery_free(struct discovery *board);

/* The user button B1. */
void discovery_press(struct discovery *board, bool down);
/* Down now, and up after that time of the chip. */
void discovery_click(struct discovery *board, int64_t ns);
bool discovery_pressed(const struct discovery *board);

/* The 8 MHz crystal X2 fails, or is as new. */
void discovery_crystal(struct discovery *board, bool works);

/* From 0, dark, to 1: of PWM the part of the time. */
double discovery_brightness(const struct discovery *board, unsigned led);
/* How often it went on or off, other than by a timer's PWM, since power on. */
uint64_t discovery_changes(const struct discovery *board, unsigned led);

#endif
