/* The advanced timers' outputs want MOE, which a break takes away (RM0090 17.3.12). */
#include "rule.h"

static uint32_t pin(void)
{
	return GPIO_IDR(GPIOE) >> 9 & 1;
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(4);
	RCC_APB2ENR |= BIT(0);
	pin_function(GPIOE, 9, 1); /* TIM1_CH1 */
	TIM_CCMR1(TIM1) = 5u << 4; /* forced high */
	TIM_CCER(TIM1) = 1;
	EXPECT(pin(), 0);
	TIM_BDTR(TIM1) = TIM_MOE;
	EXPECT(pin(), 1);
	TIM_CCMR1(TIM1) = 4u << 4;
	EXPECT(pin(), 0);
	/* the complement: opposite while both are on, OCxREF itself alone */
	pin_function(GPIOE, 8, 1); /* TIM1_CH1N */
	TIM_CCER(TIM1) = 1 | BIT(2);
	EXPECT(GPIO_IDR(GPIOE) >> 8 & 3, 1);
	TIM_CCMR1(TIM1) = 5u << 4;
	EXPECT(GPIO_IDR(GPIOE) >> 8 & 3, 2);
	TIM_CCER(TIM1) = BIT(2);
	EXPECT(GPIO_IDR(GPIOE) >> 8 & 3, 1);
	TIM_CCER(TIM1) = 1;
	TIM_EGR(TIM1) = BIT(7); /* BG */
	EXPECT(TIM_SR(TIM1), BIT(7));
	EXPECT(TIM_BDTR(TIM1), 0);
	EXPECT(pin(), 0);
}
