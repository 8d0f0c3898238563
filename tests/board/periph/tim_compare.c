/*
 * A channel's flag comes as CNT reaches CCR; its output toggles, and CCR is taken at the
 * update if it is preloaded (RM0090 18.3.8, 18.3.9).
 */
#include "rule.h"

static uint32_t led(void)
{
	return GPIO_IDR(GPIOD) >> 12 & 1;
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(3);
	RCC_APB1ENR |= BIT(2);
	pin_function(GPIOD, 12, 2); /* TIM4_CH1 */
	TIM_PSC(TIM4) = 99;
	TIM_EGR(TIM4) = TIM_UIF;
	TIM_ARR(TIM4) = 99;
	TIM_CCR(TIM4, 1) = 30;
	TIM_CCR(TIM4, 3) = 60;
	TIM_CCMR1(TIM4) = 3u << 4; /* toggle */
	TIM_CCER(TIM4) = 1;
	TIM_SR(TIM4) = 0;
	EXPECT(led(), 0);
	TIM_CR1(TIM4) = TIM_CEN;
	wait_cycles(2900);
	EXPECT(TIM_SR(TIM4), 0);
	EXPECT(led(), 0);
	EXPECT(COMES(TIM_SR(TIM4), 200), true);
	EXPECT(TIM_CNT(TIM4), 30);
	EXPECT(TIM_SR(TIM4), TIM_CCIF(1));
	EXPECT(led(), 1);
	TIM_SR(TIM4) = (uint32_t)~TIM_CCIF(1);
	EXPECT(COMES(TIM_SR(TIM4), 4000), true);
	EXPECT(TIM_CNT(TIM4), 60);
	EXPECT(TIM_SR(TIM4), TIM_CCIF(3));
	/* preloaded: 90 is in force from the update on */
	TIM_CCMR1(TIM4) |= BIT(3);
	TIM_CCR(TIM4, 1) = 90;
	EXPECT(TIM_CCR(TIM4, 1), 90);
	TIM_SR(TIM4) = 0;
	EXPECT(COMES(TIM_SR(TIM4) & TIM_UIF, 5000), true);
	EXPECT(TIM_SR(TIM4), TIM_UIF | TIM_CCIF(2) | TIM_CCIF(4)); /* theirs are 0 */
	EXPECT(COMES(TIM_SR(TIM4) & TIM_CCIF(1), 10000), true);
	EXPECT(TIM_CNT(TIM4), 90);
	EXPECT(led(), 0);
	/* CC1G does as a match does, but for the pin */
	TIM_CR1(TIM4) = 0;
	TIM_SR(TIM4) = 0;
	TIM_EGR(TIM4) = TIM_CCIF(1);
	EXPECT(TIM_SR(TIM4), TIM_CCIF(1));
}
