/*
 * TIM5's fourth input can be the LSI instead of a pin: the way to measure that oscillator
 * (RM0090 18.4.20).
 */
#include "rule.h"

static uint32_t capture(void)
{
	EXPECT(COMES(TIM_SR(TIM5) & TIM_CCIF(4), 16000), true);
	return TIM_CCR(TIM5, 4);
}

void rule(void)
{
	uint32_t first;

	RCC_APB1ENR |= BIT(3);
	TIM_CCMR2(TIM5) = 1u << 8; /* CC4S: TI4 */
	TIM_CCER(TIM5) = BIT(12);
	TIM_CR1(TIM5) = TIM_CEN;
	REG(TIM5 + 0x50) = 1u << 6; /* TI4_RMP: LSI */
	wait_cycles(5000);
	EXPECT(TIM_SR(TIM5) & TIM_CCIF(4), 0); /* it is off */
	RCC_CSR |= RCC_CSR_LSION;
	EXPECT(COMES(RCC_CSR & RCC_CSR_LSIRDY, 16000), true);
	first = capture();
	EXPECT(capture() - first, 500); /* 32 kHz at 16 MHz */
	TIM_CCER(TIM5) = 0;
	TIM_CCMR2(TIM5) = 1u << 8 | 3u << 10; /* each eighth */
	TIM_CCER(TIM5) = BIT(12);
	(void)TIM_CCR(TIM5, 4);
	first = capture();
	EXPECT(capture() - first, 4000);
	REG(TIM5 + 0x50) = 0;
	(void)TIM_CCR(TIM5, 4);
	wait_cycles(10000);
	EXPECT(TIM_SR(TIM5) & TIM_CCIF(4), 0);
}
