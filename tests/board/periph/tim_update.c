/*
 * The update event: what makes it, what it loads, and what keeps it back (17.3.1,
 * 17.4.1).
 */
#include "rule.h"

void rule(void)
{
	RCC_APB1ENR |= BIT(1);
	EXPECT(TIM_SR(TIM3), 0);
	TIM_EGR(TIM3) = TIM_UIF;
	EXPECT(TIM_EGR(TIM3), 0);
	EXPECT(TIM_SR(TIM3), TIM_UIF);
	TIM_SR(TIM3) = TIM_UIF; /* cleared by 0, not by 1 */
	EXPECT(TIM_SR(TIM3), TIM_UIF);
	TIM_SR(TIM3) = (uint32_t)~TIM_UIF;
	EXPECT(TIM_SR(TIM3), 0);
	/* URS: an overflow tells, software does not */
	TIM_CR1(TIM3) = TIM_URS;
	TIM_EGR(TIM3) = TIM_UIF;
	EXPECT(TIM_SR(TIM3), 0);
	TIM_ARR(TIM3) = 99;
	TIM_CR1(TIM3) = TIM_URS | TIM_CEN;
	EXPECT(COMES(TIM_SR(TIM3) & TIM_UIF, 200), true);
	EXPECT_WITHIN(TIM_CNT(TIM3), 0, 99);
	/* UDIS: it counts round and tells nobody */
	TIM_CR1(TIM3) = TIM_UDIS | TIM_CEN;
	TIM_SR(TIM3) = 0;
	wait_cycles(1000);
	EXPECT(TIM_SR(TIM3) & TIM_UIF, 0);
	EXPECT_WITHIN(TIM_CNT(TIM3), 0, 99);
	/* ARPE: a new ARR waits for the update, as PSC always does */
	TIM_CR1(TIM3) = TIM_ARPE;
	TIM_CNT(TIM3) = 0;
	TIM_ARR(TIM3) = 49999;
	TIM_PSC(TIM3) = 9;
	TIM_SR(TIM3) = 0;
	TIM_CR1(TIM3) = TIM_ARPE | TIM_CEN;
	EXPECT(COMES(TIM_SR(TIM3) & TIM_UIF, 150), true);
	wait_cycles(2000);
	EXPECT_WITHIN(TIM_CNT(TIM3), 190, 220);
	TIM_CR1(TIM3) = 0;
	TIM_EGR(TIM3) = TIM_UIF;
	EXPECT(TIM_CNT(TIM3), 0);
}
