/*
 * From the internal oscillator to 168 MHz: ready bits follow, SWS follows, and the clock
 * is what the registers say (RM0090 7.2, 7.3.1, 7.3.3).
 */
#include "rule.h"

/* Cycles of HCLK in 20 ms of the RTC, which runs from the LSI */
static uint32_t measure(void)
{
	uint32_t start, since;

	start = RTC_SSR;
	while (RTC_SSR == start)
		;
	since = DWT_CYCCNT;
	start = RTC_SSR;
	while (((start - RTC_SSR) & 0xFF) < 5)
		;
	return DWT_CYCCNT - since;
}

/* 32 kHz / 128 = 250 Hz; the sub-second register counts from 255 down at each */
static void start_rtc(void)
{
	rtc_on_lsi();
	RTC_WPR = 0xCA;
	RTC_WPR = 0x53;
	RTC_CR |= BIT(5); /* BYPSHAD: SSR itself */
}

void rule(void)
{
	start_rtc();
	EXPECT_WITHIN(measure(), 319500, 320500);
	EXPECT(RCC_CR & (RCC_CR_HSERDY | RCC_CR_PLLRDY), 0);
	clock_168_mhz();
	EXPECT(RCC_CR & (RCC_CR_HSERDY | RCC_CR_PLLRDY), RCC_CR_HSERDY | RCC_CR_PLLRDY);
	EXPECT(RCC_CFGR, 0x940A); /* PPRE2 / 2, PPRE1 / 4, SWS and SW: PLL */
	EXPECT_WITHIN(measure(), 3359000, 3361000);
	RCC_CFGR |= 8u << 4; /* AHB / 2 */
	EXPECT_WITHIN(measure(), 1679000, 1681000);
	RCC_CFGR = (RCC_CFGR & ~0xF3u) | 1; /* HSE */
	EXPECT(RCC_CFGR & RCC_CFGR_SWS, 1u << 2);
	EXPECT_WITHIN(measure(), 159500, 160500);
}
