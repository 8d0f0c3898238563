/*
 * Standby ends with the RTC's wakeup timer too; the clock goes on (RM0090 5.3.6, 5.3.7).
 */
#include "rule.h"

static void go(void)
{
	RCC_CSR |= RCC_CSR_RMVF;
	rtc_on_lsi();
	RTC_WPR = 0xCA;
	RTC_WPR = 0x53;
	EXPECT(COMES(RTC_ISR & BIT(2), 64000), true);
	RTC_WUTR = 199;
	RTC_CR = BIT(14) | BIT(10); /* 200 periods of 2 kHz */
	RTC_ISR = ~(BIT(10) | BIT(7));
	RTC_BKPR(1) = 1;
	PWR_CR |= PWR_CR_PDDS | PWR_CR_CWUF;
	SCB_SCR = BIT(2);
	sleep();
	UNREACHED();
}

void rule(void)
{
	RCC_APB1ENR |= BIT(28);
	if (RTC_BKPR(1) == 0)
		go();
	EXPECT(PWR_CSR & (PWR_CSR_WUF | PWR_CSR_SBF), PWR_CSR_WUF | PWR_CSR_SBF);
	EXPECT(RTC_ISR & BIT(10), BIT(10)); /* WUTF */
	EXPECT(RCC_BDCR, 0x8200);
	EXPECT(RCC_CSR & RCC_CSR_LSIRDY, RCC_CSR_LSIRDY);
}
