/* Pins. */
#ifndef GPIO_H
#define GPIO_H

#include <stdbool.h>
#include <stdint.h>

enum gpio_port { PORT_A, PORT_B, PORT_C, PORT_D, PORT_E };
enum gpio_mode { PIN_INPUT, PIN_OUTPUT, PIN_ALTERNATE, PIN_ANALOG };
enum gpio_pull { PULL_NONE, PULL_UP, PULL_DOWN };

struct gpio_pin {
	enum gpio_port port;
	uint8_t pin; /* 0-15 */
};

struct gpio_setup {
	struct gpio_pin at;
	enum gpio_mode mode;
	enum gpio_pull pull;
	uint8_t function; /* of PIN_ALTERNATE: AF0-AF15 */
	bool level;       /* of PIN_OUTPUT: at first */
};

/* Switches the port's clock on. An output never shows another level than `level`. */
void gpio_set_up(const struct gpio_setup *setup);

void gpio_write(struct gpio_pin pin, bool level);
bool gpio_read(struct gpio_pin pin);

#endif
