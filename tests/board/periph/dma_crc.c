/* DMA2 feeds the CRC unit from flash, one address standing still (RM0090 10.3.6). */
#include "rule.h"

void rule(void)
{
	uint32_t sum;

	RCC_AHB1ENR |= BIT(12) | BIT(22);
	for (uint32_t at = 0x08000000; at < 0x08000100; at += 4)
		CRC_DR = REG(at);
	sum = CRC_DR;
	CRC_CR = 1;
	DMA_SPAR(DMA2, 7) = 0x08000000;
	DMA_SM0AR(DMA2, 7) = CRC;
	DMA_SNDTR(DMA2, 7) = 64;
	DMA_SCR(DMA2, 7) = DMA_MEMORY | DMA_PINC | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_EN;
	EXPECT(COMES(DMA_HISR(DMA2) & DMA_TCIF << 22, 2000), true);
	EXPECT(CRC_DR, sum);
	EXPECT(DMA_HISR(DMA2) >> 22, DMA_TCIF | DMA_HTIF);
	DMA_HIFCR(DMA2) = DMA_TCIF << 22;
	EXPECT(DMA_HISR(DMA2) >> 22, DMA_HTIF);
}
