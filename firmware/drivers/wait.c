#include "drivers/wait.h"

#include "drivers/rcc.h"
#include "hw/reg.h"

/* Of the loop below: a load over the bus, and, compare, branch, subtract, branch. */
#define TURN_CYCLES 6u

bool wait_for(uint32_t reg, uint32_t mask, uint32_t value, uint32_t budget_us)
{
	uint32_t mhz = rcc_hclk_hz() / 1000000u;
	uint32_t turns = budget_us / TURN_CYCLES * mhz + mhz;

	while ((reg_read(reg) & mask) != value)
		if (turns-- == 0)
			return false;
	return true;
}
