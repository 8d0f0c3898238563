/* What is left when power was away: flash, and nothing else (RM0090 5.1, 7.1.2). */
#include "rule.h"

#define MARK 0x080E0000u
#define RAM  0x2001F000u

static void first(void)
{
	RCC_AHB1ENR |= BIT(18);
	RCC_APB1ENR |= BIT(28);
	PWR_CR |= PWR_CR_DBP;
	RTC_BKPR(3) = 0xC0FFEE;
	REG(BKPSRAM) = 0xC0FFEE;
	for (unsigned i = 0; i < 16; i++)
		REG(RAM + 4 * i) = 0xC0FFEE;
	RCC_CSR |= RCC_CSR_RMVF;
	flash_unlock();
	flash_program(MARK, 0x600DF00D);
	by_hand("power");
	UNREACHED();
}

void rule(void)
{
	unsigned kept = 0;

	if (REG(MARK) == 0xFFFFFFFF)
		first();
	EXPECT(REG(MARK), 0x600DF00D);
	EXPECT(RCC_CSR, 0x0E000000);
	EXPECT(FLASH_CR, FLASH_CR_LOCK);
	EXPECT(RTC_BKPR(3), 0);
	RCC_AHB1ENR |= BIT(18);
	EXPECT(REG(BKPSRAM) == 0xC0FFEE, false);
	for (unsigned i = 0; i < 16; i++)
		kept += REG(RAM + 4 * i) == 0xC0FFEE;
	EXPECT(kept < 16, true);
}
