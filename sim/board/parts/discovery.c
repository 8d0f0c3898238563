#include "discovery.h"

#include <stdlib.h>

#include "cs43l22.h"
#include "lis3dsh.h"
#include "periph/pins.h"
#include "periph/rcc.h"

#define BUTTON PIN('A', 0) /* UM1472 4.5: high while it is pressed */
#define FAULT  PIN('D', 5) /* the USB power switch's, low at an overcurrent */
#define X2_HZ  8000000
#define X3_HZ  0 /* UM1472 4.7.2: its place is empty */

/* UM1472 4.4. LD7 hangs on the USB's supply, which is what PA9 looks at. */
const struct discovery_led discovery_leds[DISCOVERY_LEDS] = {
	{ "LD3", "orange", PIN('D', 13), false }, { "LD4", "green", PIN('D', 12), false },
	{ "LD5", "red", PIN('D', 14), false },    { "LD6", "blue", PIN('D', 15), false },
	{ "LD7", "green", PIN('A', 9), false },   { "LD8", "red", FAULT, true },
};

struct discovery {
	struct mcu *mcu;
	struct lis3dsh *accelerometer;
	struct cs43l22 *codec;
	struct sched_event release;
	bool pressed;
	uint64_t changes[DISCOVERY_LEDS];
};

/* -- the button -------------------------------------------------------------------- */

static void set(struct discovery *board, bool down)
{
	board->pressed = down;
	/* the resistor to ground is the board's own */
	pins_drive(board->mcu, BUTTON, down ? PIN_HIGH : PIN_LOW);
}

static void release(void *ctx)
{
	set(ctx, false);
}

void discovery_press(struct discovery *board, bool down)
{
	sched_cancel(mcu_sched(board->mcu), &board->release);
	set(board, down);
}

void discovery_click(struct discovery *board, int64_t ns)
{
	struct sched *sched = mcu_sched(board->mcu);

	set(board, true);
	sched_at_ns(sched, &board->release, sched_ns(sched) + ns);
}

bool discovery_pressed(const struct discovery *board)
{
	return board->pressed;
}

/* -- the LEDs ---------------------------------------------------------------------- */

static void pin_changed(void *ctx, unsigned pin, bool level)
{
	struct discovery *board = ctx;

	(void)level;
	for (unsigned i = 0; i < DISCOVERY_LEDS; i++)
		if (discovery_leds[i].pin == pin)
			board->changes[i]++;
}

double discovery_brightness(const struct discovery *board, unsigned led)
{
	double high = pins_duty(board->mcu, discovery_leds[led].pin);

	return discovery_leds[led].low ? 1 - high : high;
}

uint64_t discovery_changes(const struct discovery *board, unsigned led)
{
	return board->changes[led];
}

/* -- the crystals ------------------------------------------------------------------ */

void discovery_crystal(struct discovery *board, bool works)
{
	rcc_crystals(board->mcu, works ? X2_HZ : 0, X3_HZ);
}

/* -- the whole --------------------------------------------------------------------- */

struct discovery *discovery_new(struct mcu *mcu)
{
	struct discovery *board = calloc(1, sizeof(*board));

	if (!board)
		return NULL;
	board->mcu = mcu;
	board->release = (struct sched_event){ .fire = release, .ctx = board };
	board->accelerometer = lis3dsh_new(mcu);
	board->codec = cs43l22_new(mcu);
	if (!board->accelerometer || !board->codec) {
		discovery_free(board);
		return NULL;
	}
	discovery_crystal(board, true);
	set(board, false);
	/* a pull-up holds the open drain of the power switch */
	pins_drive(mcu, FAULT, PIN_HIGH);
	pins_watch(mcu, pin_changed, board);
	return board;
}

void discovery_free(struct discovery *board)
{
	if (!board)
		return;
	lis3dsh_free(board->accelerometer);
	cs43l22_free(board->codec);
	free(board);
}
