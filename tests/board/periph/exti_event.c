/*
 * A line in EMR wakes WFE, without an interrupt and without one pending (RM0090 12.2.3).
 */
#include "rule.h"

void rule(void)
{
	uint32_t since;

	RCC_AHB1ENR |= BIT(0);
	RCC_APB2ENR |= BIT(14);
	__asm__ volatile("sev\n\twfe"); /* no event is left over */
	EXTI_EMR = EXTI_RTSR = BIT(0);
	by_hand("press later");
	since = DWT_CYCCNT;
	__asm__ volatile("wfe");
	EXPECT_WITHIN(DWT_CYCCNT - since, 160000, 16000000);
	EXPECT(GPIO_IDR(GPIOA) & 1, 1);
	EXPECT(NVIC_ISPR(0), 0);
}
