/*
 * The second PLL: its ready bit, its own divider, and that it cannot be changed while it
 * is on, nor what both have in common (RM0090 7.2.3, 7.3.2, 7.3.23).
 */
#include "rule.h"

void rule(void)
{
	RCC_PLLI2SCFGR = 2u << 28 | 50 << 6;
	EXPECT(RCC_PLLI2SCFGR, 2u << 28 | 50 << 6);
	RCC_PLLI2SCFGR = 2u << 28 | 192 << 6;
	RCC_CR |= RCC_CR_PLLI2SON;
	EXPECT(COMES(RCC_CR & RCC_CR_PLLI2SRDY, 16000), true);
	EXPECT(RCC_CR & RCC_CR_PLLRDY, 0);
	RCC_PLLI2SCFGR = 3u << 28 | 192 << 6;
	EXPECT(RCC_PLLI2SCFGR, 2u << 28 | 192 << 6);
	RCC_PLLCFGR = 0x24003010 + 1;
	EXPECT(RCC_PLLCFGR, 0x24003010);
	RCC_CR &= ~RCC_CR_PLLI2SON;
	EXPECT(RCC_CR & RCC_CR_PLLI2SRDY, 0);
	RCC_PLLCFGR = 0x24003010 + 1;
	EXPECT(RCC_PLLCFGR, 0x24003011);
}
