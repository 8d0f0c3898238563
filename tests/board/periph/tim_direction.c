/* Down, and up and down again; DIR shows it (RM0090 17.3.2, 17.4.1). */
#include "rule.h"

/* Samples of a timer that counts every hundredth cycle */
static uint32_t at(uint32_t cycles)
{
	uint32_t cnt;

	TIM_CNT(TIM1) = 0;
	TIM_EGR(TIM1) = TIM_UIF;
	TIM_SR(TIM1) = 0;
	TIM_CR1(TIM1) |= TIM_CEN;
	wait_cycles(cycles);
	cnt = TIM_CNT(TIM1) | (TIM_CR1(TIM1) & TIM_DIR) << 16;
	TIM_CR1(TIM1) &= ~TIM_CEN;
	return cnt;
}

#define DOWN (TIM_DIR << 16)

void rule(void)
{
	RCC_APB2ENR |= BIT(0);
	TIM_PSC(TIM1) = 99;
	TIM_ARR(TIM1) = 9;
	EXPECT(at(350), 3);
	EXPECT(at(1150), 1);
	TIM_CR1(TIM1) = TIM_DIR;
	EXPECT(at(50), 9 | DOWN);
	EXPECT(at(350), 6 | DOWN);
	EXPECT(at(950), 0 | DOWN);
	EXPECT(TIM_SR(TIM1) & TIM_UIF, 0);
	EXPECT(at(1050), 9 | DOWN);
	EXPECT(TIM_SR(TIM1) & TIM_UIF, TIM_UIF);
	/* centre-aligned: 0 1 ... 8 9 8 ... 1 0 1, and DIR cannot be written */
	TIM_CR1(TIM1) = 0;
	TIM_CR1(TIM1) = TIM_CMS(1u);
	EXPECT(at(850), 8);
	EXPECT(at(950), 9 | DOWN);
	EXPECT(at(1050), 8 | DOWN);
	EXPECT(at(1750), 1 | DOWN);
	EXPECT(at(1850), 0);
	EXPECT(at(1950), 1);
}
