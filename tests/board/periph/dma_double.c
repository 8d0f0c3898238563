/* Two buffers in turn: CT says which, and the other one's address is free (10.3.9). */
#include "rule.h"

static uint32_t first[2], second[2], third[2];

static uint32_t address(const uint32_t *words)
{
	return (uint32_t)(uintptr_t)words;
}

static void updates(unsigned n)
{
	for (; n > 0; n--) {
		TIM_EGR(TIM8) = TIM_UIF;
		wait_cycles(50);
	}
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(22);
	RCC_APB2ENR |= BIT(1);
	DMA_SPAR(DMA2, 1) = TIM8 + 0x2C;
	DMA_SM0AR(DMA2, 1) = address(first);
	DMA_SM1AR(DMA2, 1) = address(second);
	DMA_SNDTR(DMA2, 1) = 2;
	DMA_SCR(DMA2, 1) = DMA_CHSEL(7u) | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_MINC |
			   DMA_DBM | DMA_EN;
	TIM_DIER(TIM8) = TIM_UDE;
	TIM_ARR(TIM8) = 1;
	updates(2);
	EXPECT(first[0] + first[1], 2);
	EXPECT(DMA_SCR(DMA2, 1) & DMA_CT, DMA_CT);
	EXPECT(DMA_SNDTR(DMA2, 1), 2);
	DMA_SM1AR(DMA2, 1) = 0; /* in use */
	EXPECT(DMA_SM1AR(DMA2, 1), address(second));
	DMA_SM0AR(DMA2, 1) = address(third);
	TIM_ARR(TIM8) = 2;
	updates(2);
	EXPECT(second[0] + second[1], 4);
	EXPECT(DMA_SCR(DMA2, 1) & DMA_CT, 0);
	TIM_ARR(TIM8) = 3;
	updates(2);
	EXPECT(third[0] + third[1], 6);
	EXPECT(first[0] + first[1], 2);
	EXPECT(DMA_SCR(DMA2, 1) & DMA_EN, DMA_EN);
}
