/*
 * Half and whole of a circle, each with its interrupt, over and over (RM0090 10.3.7,
 * 10.4).
 */
#include "rule.h"

static volatile unsigned halves, wholes;
static volatile uint32_t at_half, at_whole;
static uint16_t samples[8];

static void on_stream(void)
{
	if (DMA_LISR(DMA2) & DMA_HTIF << 6) {
		halves++;
		at_half = DMA_SNDTR(DMA2, 1);
		DMA_LIFCR(DMA2) = DMA_HTIF << 6;
	}
	if (DMA_LISR(DMA2) & DMA_TCIF << 6) {
		wholes++;
		at_whole = DMA_SNDTR(DMA2, 1);
		DMA_LIFCR(DMA2) = DMA_TCIF << 6;
	}
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(22);
	RCC_APB2ENR |= BIT(1);
	on_irq(DMA2_STREAM0_IRQ + 1, on_stream);
	DMA_SPAR(DMA2, 1) = TIM8 + 0x24; /* TIM8_UP reads its own counter */
	DMA_SM0AR(DMA2, 1) = (uint32_t)(uintptr_t)samples;
	DMA_SNDTR(DMA2, 1) = 8;
	DMA_SCR(DMA2, 1) = DMA_CHSEL(7u) | DMA_PSIZE(1u) | DMA_MSIZE(1u) | DMA_MINC |
			   DMA_CIRC | DMA_TCIE | DMA_HTIE | DMA_EN;
	for (unsigned i = 0; i < 8; i++)
		samples[i] = 0xFFFF;
	TIM_ARR(TIM8) = 999;
	TIM_DIER(TIM8) = TIM_UDE;
	TIM_CR1(TIM8) = TIM_CEN;
	wait_cycles(16500);
	TIM_DIER(TIM8) = 0;
	EXPECT(halves, 2);
	EXPECT(wholes, 2);
	EXPECT(at_half, 4);
	EXPECT(at_whole, 8); /* it has begun anew */
	EXPECT(DMA_SCR(DMA2, 1) & DMA_EN, DMA_EN);
	for (unsigned i = 0; i < 8; i++)
		EXPECT_WITHIN(samples[i], 0, 30);
}
