/*
 * BDTR.LOCK, once it is written, keeps what could burn a bridge as it is until a reset;
 * and CCxS is the channel's only while that is off (RM0090 17.4.7, 17.4.18).
 */
#include "rule.h"

static void reset(void)
{
	RCC_APB2RSTR = BIT(0);
	RCC_APB2RSTR = 0;
}

void rule(void)
{
	RCC_APB1ENR |= BIT(1);
	RCC_APB2ENR |= BIT(0);
	TIM_BDTR(TIM1) = 1u << 8 | 0x55; /* level 1, and what is set with it */
	EXPECT(TIM_BDTR(TIM1), 0x155);
	TIM_BDTR(TIM1) = 0x7CAA;
	EXPECT(TIM_BDTR(TIM1), 0x0D55); /* OSSI, OSSR */
	TIM_CR2(TIM1) = 0x7F70;
	EXPECT(TIM_CR2(TIM1), 0x0070); /* OISx */
	TIM_CCER(TIM1) = 0x000A;
	EXPECT(TIM_CCER(TIM1), 0x000A);
	TIM_BDTR(TIM1) = TIM_MOE; /* is free */
	EXPECT(TIM_BDTR(TIM1), 0x8155);

	reset();
	EXPECT(TIM_BDTR(TIM1), 0);
	TIM_CCMR1(TIM1) = 0x0100; /* channel 2 is an input */
	TIM_BDTR(TIM1) = 2u << 8;
	TIM_CCER(TIM1) = 0x00FF;
	EXPECT(TIM_CCER(TIM1), 0x00F5);
	TIM_BDTR(TIM1) = 0xC00;
	EXPECT(TIM_BDTR(TIM1), 0x200);
	TIM_CCER(TIM1) = 0;
	TIM_CCMR1(TIM1) = 0x0178;
	EXPECT(TIM_CCMR1(TIM1), 0x0178);

	reset();
	TIM_BDTR(TIM1) = 3u << 8;
	TIM_CCMR2(TIM1) = 0x7878;
	EXPECT(TIM_CCMR2(TIM1), 0);
	TIM_CCMR2(TIM1) = 0x8080; /* OCxCE */
	EXPECT(TIM_CCMR2(TIM1), 0x8080);

	TIM_CCMR1(TIM3) = 0x0001;
	TIM_CCER(TIM3) = 1;
	TIM_CCMR1(TIM3) = 0x0102;
	EXPECT(TIM_CCMR1(TIM3), 0x0101);
	TIM_CCER(TIM3) = 0;
	TIM_CCMR1(TIM3) = 0x0102;
	EXPECT(TIM_CCMR1(TIM3), 0x0102);
}
