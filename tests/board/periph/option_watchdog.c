/* WDG_SW at 0: the independent watchdog runs from reset (RM0090 3.7.1, 21.3.1). */
#include "rule.h"

#define OPTSTRT BIT(1)
#define WDG_SW  BIT(5)

static KEPT unsigned stage;

void rule(void)
{
	if (fresh())
		stage = 0;
	if (stage == 2) {
		EXPECT(RCC_CSR & 0xFE000000, RCC_CSR_IWDGRSTF | RCC_CSR_PINRSTF);
		return;
	}
	RCC_CSR |= RCC_CSR_RMVF;
	if (stage++ == 0) {
		FLASH_OPTKEYR = 0x08192A3B;
		FLASH_OPTKEYR = 0x4C5D6E7F;
		FLASH_OPTCR &= ~WDG_SW;
		FLASH_OPTCR |= OPTSTRT;
		while (FLASH_SR & FLASH_SR_BSY)
			;
		system_reset();
	}
	EXPECT(COMES(RCC_CSR & RCC_CSR_LSIRDY, 16000), true); /* nobody asked for it */
	for (;;) /* 4096 steps of a quarter of 32 kHz */
		sleep();
}
