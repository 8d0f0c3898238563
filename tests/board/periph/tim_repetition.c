/*
 * RCR: an update only after so many more rounds, of the advanced timers (RM0090 17.3.3).
 */
#include "rule.h"

void rule(void)
{
	uint32_t since;

	RCC_APB2ENR |= BIT(1);
	RCC_APB1ENR |= BIT(1);
	TIM_ARR(TIM8) = 99;
	TIM_RCR(TIM8) = 3;
	TIM_EGR(TIM8) = TIM_UIF;
	TIM_SR(TIM8) = 0;
	since = DWT_CYCCNT;
	TIM_CR1(TIM8) = TIM_CEN;
	EXPECT(COMES(TIM_SR(TIM8) & TIM_UIF, 1000), true);
	EXPECT_WITHIN(DWT_CYCCNT - since, 400, 450);
	TIM_RCR(TIM8) = 0;
	TIM_SR(TIM8) = 0; /* the new number counts from the next update */
	since = DWT_CYCCNT;
	EXPECT(COMES(TIM_SR(TIM8) & TIM_UIF, 1000), true);
	EXPECT_WITHIN(DWT_CYCCNT - since, 300, 400);
	TIM_SR(TIM8) = 0;
	EXPECT(COMES(TIM_SR(TIM8) & TIM_UIF, 120), true);
	TIM_RCR(TIM3) = 3; /* it has none */
	EXPECT(TIM_RCR(TIM3), 0);
}
