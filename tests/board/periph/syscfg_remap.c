/*
 * MEM_MODE says what is at address 0: flash, system memory or SRAM1 (RM0090 2.4, 9.2.1).
 */
#include "rule.h"

/* GCC takes a load from address 0 for a mistake. */
static uint32_t at(uint32_t address)
{
	uint32_t value;

	__asm__ volatile("ldr %0, [%1]" : "=r"(value) : "r"(address));
	return value;
}

void rule(void)
{
	RCC_APB2ENR |= BIT(14);
	SCB_VTOR = 0x08000000;
	EXPECT(SYSCFG_MEMRMP, 0);
	EXPECT(at(0), REG(0x08000000));
	EXPECT(at(4), REG(0x08000004));
	SYSCFG_MEMRMP = 3;
	REG(0x2001BF00) = 0xC0FFEE;
	EXPECT(at(0x1BF00), 0xC0FFEE);
	REG(0x2001BF00) = 0xB0B;
	EXPECT(at(0x1BF00), 0xB0B);
	SYSCFG_MEMRMP = 1;
	EXPECT(at(0), REG(0x1FFF0000));
	EXPECT(at(4), REG(0x1FFF0004));
	SYSCFG_MEMRMP = 0;
	EXPECT(at(4), REG(0x08000004));
	SYSCFG_PMC = 0xFFFFFFFF;
	EXPECT(SYSCFG_PMC, BIT(23)); /* MII_RMII_SEL */
	SYSCFG_CMPCR = 1;
	EXPECT(COMES(SYSCFG_CMPCR == 0x101, 16000), true);
}
