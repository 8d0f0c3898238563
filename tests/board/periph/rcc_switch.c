/*
 * The switch waits for a clock that is not ready; what drives the system clock cannot be
 * switched off, and a PLL that is on cannot be changed (RM0090 7.2.6, 7.3.1 to 7.3.3).
 */
#include "rule.h"

void rule(void)
{
	RCC_CFGR = 1;
	wait_cycles(1000);
	EXPECT(RCC_CFGR, 0x1); /* HSE is asked for, HSI is it still */
	RCC_CR |= RCC_CR_HSEON;
	EXPECT(RCC_CFGR, 0x1);
	EXPECT(COMES(RCC_CR & RCC_CR_HSERDY, 160000), true);
	EXPECT(RCC_CFGR, 0x5);
	RCC_CR &= ~RCC_CR_HSEON;
	EXPECT(RCC_CR & (RCC_CR_HSEON | RCC_CR_HSERDY), RCC_CR_HSEON | RCC_CR_HSERDY);
	/* HSI is free to go, and comes back at once when it is asked for */
	RCC_CR &= ~RCC_CR_HSION;
	EXPECT(COMES(!(RCC_CR & RCC_CR_HSIRDY), 100), true);
	RCC_CR |= RCC_CR_HSION;
	EXPECT(COMES(RCC_CR & RCC_CR_HSIRDY, 1000), true);
	RCC_CFGR = 0;
	EXPECT(RCC_CFGR, 0);
	RCC_CR &= ~RCC_CR_HSION;
	EXPECT(RCC_CR & RCC_CR_HSION, RCC_CR_HSION);
	RCC_CR &= ~RCC_CR_HSEON;
	EXPECT(COMES(!(RCC_CR & RCC_CR_HSERDY), 1000), true);

	RCC_PLLCFGR = 16 | 336u << 6 | 1u << 16 | 7u << 24;
	EXPECT(RCC_PLLCFGR, 0x27015410); /* bit 29 is reserved, and set */
	RCC_CR |= RCC_CR_PLLON;
	RCC_PLLCFGR = 0x24003010;
	EXPECT(RCC_PLLCFGR, 0x27015410);
	EXPECT(COMES(RCC_CR & RCC_CR_PLLRDY, 16000), true);
	RCC_CR &= ~RCC_CR_PLLON;
	EXPECT(RCC_CR & RCC_CR_PLLRDY, 0);
	RCC_PLLCFGR = 0x24003010;
	EXPECT(RCC_PLLCFGR, 0x24003010);
	/* without its source it does not lock */
	RCC_PLLCFGR = 0x24003010 | BIT(22);
	RCC_CR |= RCC_CR_PLLON;
	EXPECT(COMES(RCC_CR & RCC_CR_PLLRDY, 160000), false);
}
