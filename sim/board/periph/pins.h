/*
 * The pins, seen from inside and outside (RM0090 8.3): what drives each, and the level
 * that comes of it. gpio.c says how each is set up; other peripherals reach them by
 * alternate function. A pin is a port (A is 0) times 16 plus its number.
 */
#ifndef PERIPH_PINS_H
#define PERIPH_PINS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/mcu.h"

#define PIN(port, number) (((port) - 'A') * 16u + (number))
#define PINS              (9 * 16)
#define PIN_WATCHERS      8

enum pin_drive { PIN_FLOATS, PIN_LOW, PIN_HIGH };

/* MODER, and the rest of what the port's registers say of the pin */
enum pin_mode { PIN_INPUT, PIN_OUTPUT, PIN_ALTERNATE, PIN_ANALOG };
enum pin_pull { PIN_NO_PULL, PIN_PULL_UP, PIN_PULL_DOWN };

struct pin_setup {
	enum pin_mode mode;
	enum pin_pull pull;
	bool open_drain;
	bool output; /* the bit of the output data register */
	unsigned af;
};

struct pins;

/* NULL: no memory. */
struct pins *pins_new(void);
void pins_free(struct pins *pins);
/* For the ports: the set-up has changed. */
void pins_set_up(struct mcu *mcu, unsigned pin, const struct pin_setup *setup);

/* What is wired to the pin outside drives it. */
void pins_drive(struct mcu *mcu, unsigned pin, enum pin_drive drive);
enum pin_drive pins_outside(const struct mcu *mcu, unsigned pin);
/* From outside, the output or the pull resistor; low when nothing drives it. */
bool pins_level(const struct mcu *mcu, unsigned pin);
/* The pin is given to alternate function `af`. */
bool pins_routed(const struct mcu *mcu, unsigned pin, unsigned af);

/* A peripheral's output: what it drives now, and the part of the time it is high (0 to 1). */
struct pin_source {
	enum pin_drive (*drive)(void *ctx);
	double (*duty)(void *ctx); /* NULL: what drive() says is all there is */
	void *ctx;
};

/* `source`, which must live as long as the chip, is what `af` puts out on the pin. */
void pins_source(struct mcu *mcu, unsigned pin, unsigned af,
		 const struct pin_source *source);
/* The source's level has changed: whoever watches hears of it. */
void pins_source_changed(struct mcu *mcu, unsigned pin, unsigned af);
/* How bright what hangs on the pin shines: 0 to 1, of PWM the part that it is high. */
double pins_duty(const struct mcu *mcu, unsigned pin);

/* Called after each change of the level of any pin; up to PIN_WATCHERS may watch. */
void pins_watch(struct mcu *mcu, void (*changed)(void *ctx, unsigned pin, bool level),
		void *ctx);

#endif
