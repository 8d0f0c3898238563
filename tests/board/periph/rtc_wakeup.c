/*
 * The wakeup timer and alarm A, by way of the EXTI's lines 22 and 17 (RM0090 26.3.3,
 * 26.5).
 */
#include "rule.h"

static volatile unsigned wakeups, alarms;

static void on_wakeup(void)
{
	wakeups++;
	RTC_ISR = ~(BIT(10) | BIT(7)); /* WUTF */
	EXTI_PR = BIT(22);
}

static void on_alarm(void)
{
	alarms++;
	RTC_ISR = ~(BIT(8) | BIT(7)); /* ALRAF */
	EXTI_PR = BIT(17);
}

static void start_rtc(void)
{
	rtc_on_lsi();
	RTC_WPR = 0xCA;
	RTC_WPR = 0x53;
}

void rule(void)
{
	uint32_t since;

	start_rtc();
	EXTI_RTSR = EXTI_IMR = BIT(22) | BIT(17);
	on_irq(RTC_WKUP_IRQ, on_wakeup);
	on_irq(RTC_ALARM_IRQ, on_alarm);
	EXPECT(COMES(RTC_ISR & BIT(2), 64000), true); /* WUTWF */
	RTC_WUTR = 19;
	RTC_CR = BIT(14) | BIT(10); /* WUTIE, WUTE; RTCCLK / 16: 2 kHz */
	since = DWT_CYCCNT;
	EXPECT(COMES(wakeups == 1, 16 * 40000), true);
	EXPECT(COMES(wakeups == 11, 16 * 200000), true);
	EXPECT_WITHIN(DWT_CYCCNT - since, 16 * 105000, 16 * 115000); /* 10 ms each */
	RTC_CR = 0;
	EXPECT(COMES(RTC_ISR & BIT(2), 64000), true);
	/* alarm A at second 2, whatever the rest is */
	EXPECT(COMES(RTC_ISR & BIT(0), 64000), true); /* ALRAWF */
	RTC_ALRMAR = BIT(31) | BIT(23) | BIT(15) | 0x02;
	RTC_CR = BIT(12) | BIT(8); /* ALRAIE, ALRAE */
	EXPECT(alarms, 0);
	while (alarms == 0)
		sleep();
	EXPECT(RTC_TR & 0x7F, 0x02);
	EXPECT(RTC_ISR & BIT(8), 0);
	EXPECT(wakeups, 11);
}
