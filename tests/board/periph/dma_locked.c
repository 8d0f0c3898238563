/*
 * A stream that is on takes no other set-up, and counts down as it works (10.5.5,
 * 10.5.6).
 */
#include "rule.h"

static uint32_t from[512], to[512];

void rule(void)
{
	RCC_AHB1ENR |= BIT(22);
	DMA_SPAR(DMA2, 0) = (uint32_t)(uintptr_t)from;
	DMA_SM0AR(DMA2, 0) = (uint32_t)(uintptr_t)to;
	DMA_SNDTR(DMA2, 0) = 512;
	DMA_SCR(DMA2, 0) =
		DMA_MEMORY | DMA_PINC | DMA_MINC | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_EN;
	DMA_SNDTR(DMA2, 0) = 1;
	DMA_SPAR(DMA2, 0) = 0;
	DMA_SM0AR(DMA2, 0) = 0;
	DMA_SCR(DMA2, 0) = DMA_EN;
	EXPECT_WITHIN(DMA_SNDTR(DMA2, 0), 400, 512);
	EXPECT(DMA_SPAR(DMA2, 0), (uint32_t)(uintptr_t)from);
	EXPECT(DMA_SM0AR(DMA2, 0), (uint32_t)(uintptr_t)to);
	EXPECT(DMA_SCR(DMA2, 0),
	       DMA_MEMORY | DMA_PINC | DMA_MINC | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_EN);
	DMA_SCR(DMA2, 0) &= ~DMA_EN; /* stopped in the middle: it says so by TCIF */
	EXPECT(COMES(!(DMA_SCR(DMA2, 0) & DMA_EN), 100), true);
	EXPECT(DMA_LISR(DMA2) & DMA_TCIF, DMA_TCIF);
	EXPECT_WITHIN(DMA_SNDTR(DMA2, 0), 1, 511);
}
