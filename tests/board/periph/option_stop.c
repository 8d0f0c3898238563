/*
 * nRST_STOP at 0: entering Stop is a reset, with a flag of its own (RM0090 3.7.1,
 * 7.1.1).
 */
#include "rule.h"

#define NRST_STOP BIT(6)

static KEPT unsigned stage;

void rule(void)
{
	if (fresh())
		stage = 0;
	if (stage == 2) {
		EXPECT(RCC_CSR & 0xFE000000, RCC_CSR_LPWRRSTF | RCC_CSR_PINRSTF);
		return;
	}
	RCC_CSR |= RCC_CSR_RMVF;
	if (stage++ == 0) {
		option_write(FLASH_OPTCR & ~(NRST_STOP | 1));
		system_reset();
	}
	EXPECT(FLASH_OPTCR, 0x0FFFAAAD);
	SCB_SCR = BIT(2);
	by_hand("press later");
	sleep();
	UNREACHED();
}
