/* WDG_SW at 0: the independent watchdog runs from reset (RM0090 3.7.1, 21.3.1). */
#include "rule.h"

#define WDG_SW BIT(5)

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
		option_write(FLASH_OPTCR & ~(WDG_SW | 1));
		system_reset();
	}
	EXPECT(COMES(RCC_CSR & RCC_CSR_LSIRDY, 16000), true); /* nobody asked for it */
	for (;;) /* 4096 steps of a quarter of 32 kHz */
		sleep();
}
