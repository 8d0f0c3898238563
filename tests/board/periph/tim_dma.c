/* The updates of TIM8 move a pattern to a port by DMA2 (RM0090 table 43, 17.4.4). */
#include "rule.h"

static uint16_t pattern[4] = { 0x1000, 0x2000, 0x4000, 0x8000 };

void rule(void)
{
	uint32_t seen = 0, since;

	RCC_AHB1ENR |= BIT(3) | BIT(22);
	RCC_APB2ENR |= BIT(1);
	GPIO_MODER(GPIOD) = 0x55000000;
	/* TIM8_UP: stream 1, channel 7 */
	DMA_SPAR(DMA2, 1) = GPIOD + 0x14;
	DMA_SM0AR(DMA2, 1) = (uint32_t)(uintptr_t)pattern;
	DMA_SNDTR(DMA2, 1) = 4;
	DMA_SCR(DMA2, 1) = DMA_CHSEL(7u) | DMA_PSIZE(1u) | DMA_MSIZE(1u) | DMA_MINC |
			   DMA_CIRC | DMA_FROM_MEMORY | DMA_EN;
	TIM_ARR(TIM8) = 999;
	TIM_DIER(TIM8) = TIM_UDE;
	TIM_CR1(TIM8) = TIM_CEN;
	since = DWT_CYCCNT;
	for (unsigned i = 0; i < 6; i++) {
		while (GPIO_ODR(GPIOD) == seen)
			;
		seen = GPIO_ODR(GPIOD);
		EXPECT(seen, pattern[i % 4]);
		EXPECT(GPIO_IDR(GPIOD) & 0xF000, pattern[i % 4]);
	}
	EXPECT_WITHIN(DWT_CYCCNT - since, 6000, 6100);
	TIM_DIER(TIM8) = 0;
	wait_cycles(3000);
	EXPECT(GPIO_ODR(GPIOD), seen);
}
