/* What the four LEDs show, unless the console's `led` says otherwise. */
#ifndef LEDS_H
#define LEDS_H

#include "board/board.h"

#include <stdbool.h>
#include <stdint.h>

/* For leds_name(): "green", "orange", "red", "blue". */
const char *leds_name(enum board_led led);

enum led_mode { LED_AUTO, LED_OFF, LED_ON };
void leds_mode(enum board_led led, enum led_mode mode);
enum led_mode leds_mode_of(enum board_led led);

/*
 * On their own: green blinks once a second while the main loop runs, orange is on while the
 * chip runs without its crystal, red after a fault or a bite of the watchdog, and blue while
 * the button is pressed.
 */
struct leds_view {
	bool slow, fault, pressed;
};
void leds_show(const struct leds_view *view, uint32_t now_ms);

#endif
