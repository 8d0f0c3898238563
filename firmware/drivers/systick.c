#include "drivers/systick.h"

#include "drivers/rcc.h"
#include "hw/reg.h"
#include "hw/regs_core.h"

static volatile uint32_t ticks;

void systick_start(void)
{
	reg_write(STK_CTRL, 0);
	reg_write(STK_LOAD, rcc_hclk_hz() / 1000u - 1);
	reg_write(STK_VAL, 0);
	reg_write(STK_CTRL, STK_CTRL_ENABLE | STK_CTRL_TICKINT | STK_CTRL_CLKSOURCE);
}

uint32_t systick_ms(void)
{
	return ticks;
}

void systick_tick(void)
{
	ticks++;
}
