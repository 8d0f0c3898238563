/*
 * A peripheral's line is a level: it makes its interrupt pending as it rises, and again
 * when the handler leaves it high; what is pending stays so when it falls (PM0214 4.3,
 * ARMv7-M B3.4.1).
 */
#include "rule.h"

#define TIM3_IRQ 29

static volatile unsigned entries, leave;

static void on_tim3(void)
{
	if (++entries > leave)
		TIM_SR(TIM3) = 0;
}

static uint32_t pending(void)
{
	return NVIC_ISPR(0) >> TIM3_IRQ & 1;
}

void rule(void)
{
	RCC_APB1ENR |= BIT(1);
	TIM_DIER(TIM3) = TIM_UIF;
	TIM_EGR(TIM3) = TIM_UIF;
	EXPECT(pending(), 1);
	NVIC_ICPR(0) = BIT(TIM3_IRQ); /* the line is still high */
	EXPECT(pending(), 1);
	TIM_SR(TIM3) = 0;
	EXPECT(pending(), 1); /* it is remembered */
	NVIC_ICPR(0) = BIT(TIM3_IRQ);
	EXPECT(pending(), 0);

	leave = 2;
	on_irq(TIM3_IRQ, on_tim3);
	TIM_EGR(TIM3) = TIM_UIF;
	barrier();
	EXPECT(entries, 3);
	EXPECT(pending(), 0);
	/* disabled, and enabled again */
	NVIC_ICER(0) = BIT(TIM3_IRQ);
	EXPECT(NVIC_ISER(0), 0);
	leave = 0;
	TIM_EGR(TIM3) = TIM_UIF;
	barrier();
	EXPECT(entries, 3);
	NVIC_ISER(0) = BIT(TIM3_IRQ);
	barrier();
	EXPECT(entries, 4);
}
