/*
 * An edge of the button is captured, both, or each second one; reading CCR clears the
 * flag, one that comes before that is an overcapture (RM0090 18.3.5, 18.4.5).
 */
#include "rule.h"

/* Whether the press was captured as it was done */
static void press(void)
{
	uint32_t before = TIM_CNT(TIM5), after, ccr;

	by_hand("press");
	after = TIM_CNT(TIM5);
	EXPECT(TIM_SR(TIM5) & TIM_CCIF(1), TIM_CCIF(1));
	ccr = TIM_CCR(TIM5, 1);
	EXPECT_WITHIN(ccr, before, after);
	EXPECT(TIM_SR(TIM5) & TIM_CCIF(1), 0);
	by_hand("release");
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(0);
	RCC_APB1ENR |= BIT(3);
	pin_function(GPIOA, 0, 2); /* TIM5_CH1 */
	TIM_CCMR1(TIM5) = 1;       /* CC1S: TI1 */
	TIM_CR1(TIM5) = TIM_CEN;
	by_hand("press");
	by_hand("release");
	EXPECT(TIM_SR(TIM5), 0); /* not without CC1E */
	TIM_CCER(TIM5) = 1;
	press();
	EXPECT(TIM_SR(TIM5), 0); /* nothing at the release */
	TIM_CCR(TIM5, 1) = 0;
	EXPECT(TIM_CCR(TIM5, 1) != 0, true); /* the hardware's */
	by_hand("press");
	by_hand("release");
	by_hand("press");
	by_hand("release");
	EXPECT(TIM_SR(TIM5), TIM_CCIF(1) | TIM_CCOF(1));
	(void)TIM_CCR(TIM5, 1);
	EXPECT(TIM_SR(TIM5), TIM_CCOF(1));
	TIM_SR(TIM5) = 0;
	EXPECT(TIM_SR(TIM5), 0);
	TIM_CCER(TIM5) = 1 | BIT(1) | BIT(3); /* both edges */
	by_hand("press");
	by_hand("release");
	EXPECT(TIM_SR(TIM5), TIM_CCIF(1) | TIM_CCOF(1));
	TIM_CCER(TIM5) = 0;
	TIM_CCMR1(TIM5) = 1 | 1u << 2; /* each second one */
	TIM_CCER(TIM5) = 1;
	TIM_SR(TIM5) = 0;
	by_hand("press");
	by_hand("release");
	EXPECT(TIM_SR(TIM5), 0);
	by_hand("press");
	by_hand("release");
	EXPECT(TIM_SR(TIM5), TIM_CCIF(1));
}
