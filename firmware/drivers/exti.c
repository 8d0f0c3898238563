#include "drivers/exti.h"

#include "drivers/rcc.h"
#include "hw/reg.h"
#include "hw/regs_gpio.h"

void exti_enable(struct gpio_pin pin)
{
	unsigned shift = pin.pin % 4 * 4;
	uint32_t line = 1u << pin.pin;

	rcc_enable(GATE_SYSCFG);
	reg_change(SYSCFG_EXTICR(pin.pin / 4), 15u << shift, (uint32_t)pin.port << shift);
	reg_set(EXTI_RTSR, line);
	reg_set(EXTI_FTSR, line);
	/* An edge from before is none of ours; a one clears ([RM0090] 12.3.6). */
	reg_write(EXTI_PR, line);
	reg_set(EXTI_IMR, line);
}

bool exti_take(struct gpio_pin pin)
{
	uint32_t line = 1u << pin.pin;

	if (!(reg_read(EXTI_PR) & line))
		return false;
	reg_write(EXTI_PR, line);
	return true;
}
