/*
 * DMAR leads to a row of registers, one further with each access (RM0090 18.4.17,
 * 18.4.18).
 */
#include "rule.h"

static const uint32_t row[3] = { 111, 222, 333 };

void rule(void)
{
	RCC_AHB1ENR |= BIT(21);
	RCC_APB1ENR |= BIT(1);
	TIM_DCR(TIM3) = 2u << 8 | 13; /* three, from CCR1 on */
	TIM_DMAR(TIM3) = 11;
	TIM_DMAR(TIM3) = 22;
	TIM_DMAR(TIM3) = 33;
	EXPECT(TIM_CCR(TIM3, 1), 11);
	EXPECT(TIM_CCR(TIM3, 2), 22);
	EXPECT(TIM_CCR(TIM3, 3), 33);
	TIM_DMAR(TIM3) = 44; /* and again from the first */
	EXPECT(TIM_CCR(TIM3, 1), 44);
	EXPECT(TIM_CCR(TIM3, 4), 0);
	/* by DMA, at an update: TIM3_UP is stream 2, channel 5 */
	TIM_DCR(TIM3) = 2u << 8 | 13;
	DMA_SPAR(DMA1, 2) = TIM3 + 0x4C;
	DMA_SM0AR(DMA1, 2) = (uint32_t)(uintptr_t)row;
	DMA_SNDTR(DMA1, 2) = 3;
	DMA_SCR(DMA1, 2) = DMA_CHSEL(5u) | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_MINC |
			   DMA_FROM_MEMORY | DMA_EN;
	TIM_DIER(TIM3) = TIM_UDE;
	TIM_EGR(TIM3) = TIM_UIF;
	EXPECT(COMES(DMA_LISR(DMA1) & DMA_TCIF << 16, 200), true);
	EXPECT(TIM_CCR(TIM3, 1), 111);
	EXPECT(TIM_CCR(TIM3, 2), 222);
	EXPECT(TIM_CCR(TIM3, 3), 333);
}
