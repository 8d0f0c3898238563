/*
 * The pins, seen from inside and outside: gpio.c owns them. A pin is a port (A is 0) times
 * 16 plus its number.
 */
#ifndef PERIPH_PINS_H
#define PERIPH_PINS_H

#include <stdbool.h>

#include "core/mcu.h"

#define PIN(port, number) (((port) - 'A') * 16u + (number))
#define PINS              (9 * 16)

enum pin_drive { PIN_FLOATS, PIN_LOW, PIN_HIGH };

/* What is wired to the pin outside drives it. */
void pins_drive(struct mcu *mcu, unsigned pin, enum pin_drive drive);
/* What the input data register shows, from outside, the output or the pull resistor. */
bool pins_level(const struct mcu *mcu, unsigned pin);
/* The pin is given to alternate function `af` (and the port has its clock). */
bool pins_routed(const struct mcu *mcu, unsigned pin, unsigned af);

/* A peripheral's output: the level now, and the part of the time it is high (0 to 1). */
struct pin_source {
	bool (*level)(void *ctx);
	double (*duty)(void *ctx);
	void *ctx;
};

/* `source` (which must live as long as the chip) is what alternate function `af` outputs. */
void pins_source(struct mcu *mcu, unsigned pin, unsigned af,
		 const struct pin_source *source);
/* The source's level has changed: whoever watches hears of it. */
void pins_source_changed(struct mcu *mcu, unsigned pin, unsigned af);
/* How bright what hangs on the pin shines: 0 to 1, of PWM the part that it is high. */
double pins_duty(const struct mcu *mcu, unsigned pin);

/* Called after each change of the level of any pin; up to eight may watch. */
void pins_watch(struct mcu *mcu, void (*changed)(void *ctx, unsigned pin, bool level),
		void *ctx);

#endif
