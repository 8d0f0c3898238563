/* TIMx_OR has the bits of its timer alone (RM0090 18.4.19, 18.4.20, 20.5.11). */
#include "rule.h"

#define TIM_OR(tim) REG((tim) + 0x50)

void rule(void)
{
	RCC_APB1ENR |= BIT(0) | BIT(1) | BIT(3);
	RCC_APB2ENR |= BIT(18);
	TIM_OR(TIM2) = TIM_OR(TIM3) = TIM_OR(TIM5) = TIM_OR(TIM11) = 0xFFFFFFFF;
	EXPECT(TIM_OR(TIM2), 0xC00); /* ITR1_RMP */
	EXPECT(TIM_OR(TIM3), 0);
	EXPECT(TIM_OR(TIM5), 0xC0); /* TI4_RMP */
	EXPECT(TIM_OR(TIM11), 0x3); /* TI1_RMP */
}
