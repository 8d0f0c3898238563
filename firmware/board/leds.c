#include "board/leds.h"

#define BLINK_MS    1000u
#define BLINK_ON_MS 100u

static enum led_mode modes[LEDS];

const char *leds_name(enum board_led led)
{
	static const char *const names[LEDS] = { "green", "orange", "red", "blue" };

	return names[led];
}

void leds_mode(enum board_led led, enum led_mode mode)
{
	modes[led] = mode;
}

enum led_mode leds_mode_of(enum board_led led)
{
	return modes[led];
}

void leds_show(const struct leds_view *view, uint32_t now_ms)
{
	const bool lit[LEDS] = {
		[LED_GREEN] = now_ms % BLINK_MS < BLINK_ON_MS,
		[LED_ORANGE] = view->slow,
		[LED_RED] = view->fault,
		[LED_BLUE] = view->pressed,
	};
	unsigned i;

	for (i = 0; i < LEDS; i++)
		board_led((enum board_led)i,
			  modes[i] == LED_AUTO ? lit[i] : modes[i] == LED_ON);
}
