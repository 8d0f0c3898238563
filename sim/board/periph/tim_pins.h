/* Which pins the timers' channels come out at: the data sheet's table 9 (DS8626). */
#ifndef PERIPH_TIM_PINS_H
#define PERIPH_TIM_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tim_pin {
	uint8_t timer;
	uint8_t channel; /* from 1; 0: the external trigger */
	bool complement; /* CHxN */
	uint8_t pin;     /* as in pins.h */
	uint8_t af;
};

extern const struct tim_pin tim_pins[];
extern const size_t tim_pin_count;

#endif
