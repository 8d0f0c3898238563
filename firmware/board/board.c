#include "board/board.h"

#include "drivers/core.h"
#include "drivers/exti.h"
#include "drivers/gpio.h"
#include "hw/regs_core.h"

#include <stddef.h>

#define AF_USART3 7u /* [DS8626] table 9 */

static const struct gpio_pin button = { PORT_A, 0 };

static const struct gpio_pin leds[LEDS] = {
	[LED_GREEN] = { PORT_D, 12 },
	[LED_ORANGE] = { PORT_D, 13 },
	[LED_RED] = { PORT_D, 14 },
	[LED_BLUE] = { PORT_D, 15 },
};

static const struct gpio_setup pins[] = {
	{ { PORT_A, 0 }, PIN_INPUT, PULL_DOWN, 0, false }, /* high while pressed */
	{ { PORT_D, 12 }, PIN_OUTPUT, PULL_NONE, 0, false },
	{ { PORT_D, 13 }, PIN_OUTPUT, PULL_NONE, 0, false },
	{ { PORT_D, 14 }, PIN_OUTPUT, PULL_NONE, 0, false },
	{ { PORT_D, 15 }, PIN_OUTPUT, PULL_NONE, 0, false },
	/* The console; RX is pulled up, so that nothing is received while nothing is there. */
	{ { PORT_D, 8 }, PIN_ALTERNATE, PULL_NONE, AF_USART3, false },
	{ { PORT_D, 9 }, PIN_ALTERNATE, PULL_UP, AF_USART3, false },
	/* What else is on the board stays quiet: the codec in reset, the sensor deselected. */
	{ { PORT_D, 4 }, PIN_OUTPUT, PULL_NONE, 0, false },
	{ { PORT_E, 3 }, PIN_OUTPUT, PULL_NONE, 0, true },
};

void board_pins(void)
{
	size_t i;

	for (i = 0; i < sizeof(pins) / sizeof(pins[0]); i++)
		gpio_set_up(&pins[i]);
}

bool board_button(void)
{
	return gpio_read(button);
}

void board_button_watch(void)
{
	exti_enable(button);
	core_irq_enable(IRQ_EXTI0, CORE_PRIORITY_BUTTON);
}

bool board_button_edge(void)
{
	return exti_take(button);
}

void board_led(enum board_led led, bool on)
{
	gpio_write(leds[led], on);
}
