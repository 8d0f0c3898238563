/*
 * An interrupt at each update, to the cycle as often as ARR and PSC say (RM0090 18.3.2).
 */
#include "rule.h"

static volatile unsigned interrupts;
static volatile uint32_t last, longest, shortest = 0xFFFFFFFF;

static void on_tim2(void)
{
	uint32_t now = DWT_CYCCNT, between = now - last;

	TIM_SR(TIM2) = 0;
	last = now;
	if (interrupts++ == 0)
		return;
	if (between > longest)
		longest = between;
	if (between < shortest)
		shortest = between;
}

void rule(void)
{
	RCC_APB1ENR |= BIT(0);
	TIM_ARR(TIM2) = 999;
	TIM_DIER(TIM2) = TIM_UIF;
	on_irq(TIM2_IRQ, on_tim2);
	TIM_CR1(TIM2) = TIM_CEN;
	wait_cycles(100500);
	TIM_DIER(TIM2) = 0;
	EXPECT_WITHIN(interrupts, 100, 101);
	EXPECT_WITHIN(shortest, 985, 1000);
	EXPECT_WITHIN(longest, 1000, 1015);
	wait_cycles(5000);
	EXPECT_WITHIN(interrupts, 100, 101);
	EXPECT(TIM_SR(TIM2) & TIM_UIF, TIM_UIF);
}
