/*
 * Standby ends with the pin WKUP in a reset that has flags of its own in PWR_CSR and none
 * in RCC_CSR; RAM is lost, the backup registers are not (RM0090 5.3.6, 5.4.2).
 */
#include "rule.h"

static KEPT unsigned lost[8];

static void go(void)
{
	for (unsigned i = 0; i < 8; i++)
		lost[i] = 0xC0FFEE;
	RCC_CSR |= RCC_CSR_RMVF;
	PWR_CR |= PWR_CR_DBP;
	RTC_BKPR(0) = 0xB0B;
	PWR_CSR |= PWR_CSR_EWUP;
	PWR_CR |= PWR_CR_PDDS | PWR_CR_CWUF;
	SCB_SCR = BIT(2); /* SLEEPDEEP */
	by_hand("press later");
	sleep();
	UNREACHED();
}

void rule(void)
{
	unsigned kept = 0;

	RCC_APB1ENR |= BIT(28);
	if (fresh()) {
		EXPECT(PWR_CSR & (PWR_CSR_WUF | PWR_CSR_SBF), 0);
		go();
	}
	EXPECT(RCC_CSR & 0xFE000000, 0);
	EXPECT(PWR_CSR & (PWR_CSR_WUF | PWR_CSR_SBF), PWR_CSR_WUF | PWR_CSR_SBF);
	EXPECT(PWR_CR, 0x4000);
	PWR_CR |= PWR_CR_CWUF;
	EXPECT(PWR_CSR & (PWR_CSR_WUF | PWR_CSR_SBF), PWR_CSR_SBF);
	PWR_CR |= PWR_CR_CSBF;
	EXPECT(PWR_CSR & (PWR_CSR_WUF | PWR_CSR_SBF), 0);
	EXPECT(RTC_BKPR(0), 0xB0B);
	for (unsigned i = 0; i < 8; i++)
		kept += lost[i] == 0xC0FFEE;
	EXPECT(kept < 8, true);
}
