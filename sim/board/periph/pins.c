#include "pins.h"

#include <assert.h>
#include <stdlib.h>

#define SOURCES_MAX 256 /* alternate functions that put something out */

struct source {
	unsigned pin, af;
	const struct pin_source *source;
};

struct pin {
	struct pin_setup setup;
	enum pin_drive drive;            /* from outside */
	bool level;                      /* as the watchers know it */
	const struct pin_source *source; /* of the set-up's alternate function */
};

struct watcher {
	void (*changed)(void *ctx, unsigned pin, bool level);
	void *ctx;
};

struct pins {
	struct pin pins[PINS];
	struct source sources[SOURCES_MAX];
	size_t source_count;
	struct watcher watchers[PIN_WATCHERS];
	size_t watcher_count;
};

struct pins *pins_new(void)
{
	return calloc(1, sizeof(struct pins));
}

void pins_free(struct pins *pins)
{
	free(pins);
}

/* -- levels ------------------------------------------------------------------------------ */

/* What the line does when the chip does not drive it. */
static bool idle_level(const struct pin *pin)
{
	if (pin->drive != PIN_FLOATS)
		return pin->drive == PIN_HIGH;
	return pin->setup.pull == PIN_PULL_UP;
}

static bool driven_level(const struct pin *pin, bool output)
{
	/* an open drain lets go of a high line */
	return pin->setup.open_drain && output ? idle_level(pin) : output;
}

/* RM0090 8.3.12: the Schmitt trigger of an analog pin is off, and reads as low. */
static bool level_of(const struct pin *pin)
{
	enum pin_drive drive;

	switch (pin->setup.mode) {
	case PIN_OUTPUT:
		return driven_level(pin, pin->setup.output);
	case PIN_ALTERNATE:
		drive = pin->source ? pin->source->drive(pin->source->ctx) : PIN_FLOATS;
		return drive == PIN_FLOATS ? idle_level(pin)
					   : driven_level(pin, drive == PIN_HIGH);
	case PIN_ANALOG:
		return false;
	case PIN_INPUT:
		break;
	}
	return idle_level(pin);
}

static void settle(struct pins *pins, unsigned number)
{
	struct pin *pin = &pins->pins[number];
	bool level = level_of(pin);

	if (level == pin->level)
		return;
	pin->level = level;
	for (size_t i = 0; i < pins->watcher_count; i++)
		pins->watchers[i].changed(pins->watchers[i].ctx, number, level);
}

bool pins_level(const struct mcu *mcu, unsigned pin)
{
	return level_of(&mcu_pins(mcu)->pins[pin]);
}

double pins_duty(const struct mcu *mcu, unsigned number)
{
	const struct pin *pin = &mcu_pins(mcu)->pins[number];

	if (pin->setup.mode == PIN_ALTERNATE && pin->source && pin->source->duty)
		return pin->source->duty(pin->source->ctx);
	return level_of(pin) ? 1 : 0;
}

/* -- what drives them ---------------------------------------------------------------------- */

static const struct pin_source *source_of(const struct pins *pins, unsigned pin,
					  unsigned af)
{
	for (size_t i = 0; i < pins->source_count; i++)
		if (pins->sources[i].pin == pin && pins->sources[i].af == af)
			return pins->sources[i].source;
	return NULL;
}

void pins_set_up(struct mcu *mcu, unsigned number, const struct pin_setup *setup)
{
	struct pins *pins = mcu_pins(mcu);
	struct pin *pin = &pins->pins[number];

	if (pin->setup.mode != setup->mode || pin->setup.af != setup->af)
		pin->source = setup->mode == PIN_ALTERNATE
				      ? source_of(pins, number, setup->af)
				      : NULL;
	pin->setup = *setup;
	settle(pins, number);
}

void pins_drive(struct mcu *mcu, unsigned number, enum pin_drive drive)
{
	struct pins *pins = mcu_pins(mcu);

	pins->pins[number].drive = drive;
	settle(pins, number);
}

enum pin_drive pins_outside(const struct mcu *mcu, unsigned pin)
{
	return mcu_pins(mcu)->pins[pin].drive;
}

void pins_source(struct mcu *mcu, unsigned pin, unsigned af,
		 const struct pin_source *source)
{
	struct pins *pins = mcu_pins(mcu);

	assert(pins->source_count < SOURCES_MAX);
	pins->sources[pins->source_count++] = (struct source){ pin, af, source };
}

bool pins_routed(const struct mcu *mcu, unsigned pin, unsigned af)
{
	const struct pin_setup *setup = &mcu_pins(mcu)->pins[pin].setup;

	return setup->mode == PIN_ALTERNATE && setup->af == af;
}

void pins_source_changed(struct mcu *mcu, unsigned pin, unsigned af)
{
	if (pins_routed(mcu, pin, af))
		settle(mcu_pins(mcu), pin);
}

void pins_watch(struct mcu *mcu, void (*changed)(void *ctx, unsigned pin, bool level),
		void *ctx)
{
	struct pins *pins = mcu_pins(mcu);

	assert(pins->watcher_count < PIN_WATCHERS);
	pins->watchers[pins->watcher_count++] = (struct watcher){ changed, ctx };
}
