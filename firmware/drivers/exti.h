/* External interrupts: a pin's edges. */
#ifndef EXTI_H
#define EXTI_H

#include "drivers/gpio.h"

/* Both edges of a pin raise its line, which has the pin's number. */
void exti_enable(struct gpio_pin pin);

/* Take the line's pending edge; false when there was none. */
bool exti_take(struct gpio_pin pin);

#endif
