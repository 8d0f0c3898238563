/*
 * The calendar: behind keys, set in initialization mode, it goes over midnight into a
 * leap day; reading TR holds DR until that is read (RM0090 26.3.5, 26.3.6).
 */
#include "rule.h"

void rule(void)
{
	uint32_t since;

	rtc_on_lsi();
	RTC_ISR = BIT(7);
	EXPECT(COMES(RTC_ISR & BIT(6), 64000), false); /* no keys */
	RTC_WPR = 0xCA;
	RTC_WPR = 0x53;
	EXPECT(RTC_WPR, 0);
	RTC_ISR = BIT(7); /* INIT */
	EXPECT(COMES(RTC_ISR & BIT(6), 64000), true);
	RTC_PRER = 249; /* 32 kHz / 128 / 250 */
	RTC_PRER = 127u << 16 | 249;
	EXPECT(RTC_PRER, 0x007F00F9);
	RTC_TR = 0x00235958;
	RTC_DR = 0x00240228 | 3u << 13; /* Wednesday 28 February 2024 */
	RTC_ISR = 0;
	EXPECT(COMES(RTC_ISR & BIT(5), 64000), true); /* RSF */
	EXPECT(RTC_ISR & (BIT(4) | BIT(6)), BIT(4));  /* INITS; INITF has gone */
	RTC_TR = 0;                                   /* not in initialization mode */
	EXPECT(RTC_TR, 0x00235958);
	EXPECT(RTC_DR, 0x00246228);
	since = DWT_CYCCNT;
	while (RTC_TR != 0x00235959)
		(void)RTC_DR;
	EXPECT_WITHIN(DWT_CYCCNT - since, 15800000, 16100000);
	EXPECT(RTC_TR, 0x00235959);
	wait_cycles(16000000);
	EXPECT(RTC_DR, 0x00246228); /* as it was when TR was read */
	EXPECT(RTC_TR, 0x00000000);
	EXPECT(RTC_DR, 0x00248229); /* Thursday 29 */
	RTC_WPR = 0xFF;
	RTC_CR = BIT(6);
	EXPECT(RTC_CR, 0);
}
