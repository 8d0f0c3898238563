#include "drivers/gpio.h"

#include "drivers/rcc.h"
#include "hw/reg.h"
#include "hw/regs_gpio.h"

/* A field of two bits for each pin. */
static void set_field2(uint32_t reg, unsigned pin, uint32_t value)
{
	reg_change(reg, 3u << 2 * pin, value << 2 * pin);
}

static void set_function(const struct gpio_setup *s)
{
	uint32_t reg = s->at.pin < 8 ? GPIO_AFRL(s->at.port) : GPIO_AFRH(s->at.port);
	unsigned shift = s->at.pin % 8 * 4;

	reg_change(reg, 15u << shift, (uint32_t)s->function << shift);
}

void gpio_set_up(const struct gpio_setup *s)
{
	rcc_enable((enum rcc_gate)(GATE_GPIOA + s->at.port));
	set_field2(GPIO_PUPDR(s->at.port), s->at.pin, s->pull);
	if (s->mode == PIN_ALTERNATE)
		set_function(s);
	if (s->mode == PIN_OUTPUT)
		gpio_write(s->at, s->level);
	set_field2(GPIO_MODER(s->at.port), s->at.pin, s->mode);
}

void gpio_write(struct gpio_pin pin, bool level)
{
	reg_write(GPIO_BSRR(pin.port), 1u << (pin.pin + (level ? 0 : 16)));
}

bool gpio_read(struct gpio_pin pin)
{
	return reg_read(GPIO_IDR(pin.port)) >> pin.pin & 1;
}
