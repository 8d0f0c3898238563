/* One timer clocks, starts, gates and resets another (RM0090 18.3.13 to 18.3.15). */
#include "rule.h"

#define ITR1    (1u << 4) /* of TIM3: TIM2 */
#define RESET   4u
#define TRIGGER 6u
#define CLOCK   7u

void rule(void)
{
	RCC_APB1ENR |= BIT(0) | BIT(1);
	/* a prescaler: TIM3 counts the updates of TIM2 */
	TIM_ARR(TIM2) = 99;
	TIM_CR2(TIM2) = 2u << 4;
	TIM_SMCR(TIM3) = ITR1 | CLOCK;
	TIM_CR1(TIM3) = TIM_CEN;
	TIM_CR1(TIM2) = TIM_CEN;
	wait_cycles(10030);
	TIM_CR1(TIM2) = 0;
	EXPECT_WITHIN(TIM_CNT(TIM3), 100, 101);
	/* CEN of TIM2 starts TIM3 */
	TIM_CR1(TIM3) = 0;
	TIM_CNT(TIM3) = 0;
	TIM_SR(TIM3) = 0;
	TIM_CR2(TIM2) = 1u << 4;
	TIM_SMCR(TIM3) = ITR1 | TRIGGER;
	wait_cycles(100);
	EXPECT(TIM_CNT(TIM3), 0);
	TIM_CR1(TIM2) = TIM_CEN;
	EXPECT(TIM_CR1(TIM3), TIM_CEN);
	EXPECT(TIM_SR(TIM3) & TIM_TIF, TIM_TIF);
	wait_cycles(100);
	EXPECT_WITHIN(TIM_CNT(TIM3), 100, 200);
	/* UG of TIM2 is its trigger output in mode 0, and sets TIM3 back */
	TIM_SMCR(TIM3) = ITR1 | RESET;
	TIM_CR2(TIM2) = 0;
	TIM_CNT(TIM3) = 30000;
	TIM_EGR(TIM2) = TIM_UIF;
	EXPECT_WITHIN(TIM_CNT(TIM3), 0, 10);
	/* each the other's slave: both are set back, and that is that */
	TIM_SMCR(TIM2) = 2u << 4 | RESET; /* ITR2 of TIM2: TIM3 */
	TIM_CNT(TIM2) = TIM_CNT(TIM3) = 30000;
	TIM_EGR(TIM2) = TIM_UIF;
	EXPECT_WITHIN(TIM_CNT(TIM2), 0, 10);
	EXPECT_WITHIN(TIM_CNT(TIM3), 0, 20);
}
