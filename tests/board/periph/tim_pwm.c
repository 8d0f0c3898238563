/* PWM at a pin: high while CNT is below CCR, the other way round in mode 2 (18.3.10). */
#include "rule.h"

/* How many of 400 samples do not show what CNT says; `highs` how many were high */
static unsigned wrong(uint32_t ccr, bool inverse, unsigned *highs)
{
	unsigned bad = 0;

	*highs = 0;
	for (unsigned i = 0; i < 400; i++) {
		uint32_t before = TIM_CNT(TIM4), level = GPIO_IDR(GPIOD) >> 15 & 1;
		uint32_t after = TIM_CNT(TIM4);

		if (before == after)
			bad += (level == 1) != ((before < ccr) != inverse);
		*highs += level;
		wait_cycles(77 * 16);
	}
	return bad;
}

void rule(void)
{
	unsigned highs;

	RCC_AHB1ENR |= BIT(3);
	RCC_APB1ENR |= BIT(2);
	pin_function(GPIOD, 15, 2); /* TIM4_CH4, the blue LED */
	TIM_PSC(TIM4) = 15;
	TIM_ARR(TIM4) = 999;
	TIM_CCR(TIM4, 4) = 250;
	TIM_CCMR2(TIM4) = 6u << 12 | BIT(11);
	TIM_EGR(TIM4) = TIM_UIF;
	TIM_CR1(TIM4) = TIM_ARPE | TIM_CEN;
	EXPECT(GPIO_IDR(GPIOD) >> 15 & 1, 0); /* not without CC4E */
	TIM_CCER(TIM4) = BIT(12);
	EXPECT(wrong(250, false, &highs), 0);
	EXPECT_WITHIN(highs, 85, 115);
	TIM_CCR(TIM4, 4) = 750;
	TIM_EGR(TIM4) = TIM_UIF;
	EXPECT(wrong(750, false, &highs), 0);
	EXPECT_WITHIN(highs, 285, 315);
	TIM_CCMR2(TIM4) |= BIT(12); /* mode 2 */
	EXPECT(wrong(750, true, &highs), 0);
	EXPECT_WITHIN(highs, 85, 115);
	TIM_CCER(TIM4) |= BIT(13); /* and the other polarity */
	EXPECT(wrong(750, false, &highs), 0);
	TIM_CCR(TIM4, 4) = 0;
	TIM_EGR(TIM4) = TIM_UIF;
	wrong(0, false, &highs);
	EXPECT(highs, 0);
	TIM_CCR(TIM4, 4) = 1000;
	TIM_EGR(TIM4) = TIM_UIF;
	wrong(1000, false, &highs);
	EXPECT(highs, 400);
}
