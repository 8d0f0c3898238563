/*
 * DMA2 from memory to memory: the widths are packed, the addresses step as the bits say,
 * EN falls at the end, and the flags stay until LIFCR (RM0090 10.3.6, 10.3.8, 10.5.3).
 */
#include "rule.h"

#define ALL (DMA_TCIF | DMA_HTIF)

static uint32_t from[16], to[17];

static void copy(uint32_t cr, uint32_t items)
{
	DMA_LIFCR(DMA2) = 0x3D;
	DMA_SPAR(DMA2, 0) = (uint32_t)(uintptr_t)from;
	DMA_SM0AR(DMA2, 0) = (uint32_t)(uintptr_t)to;
	DMA_SNDTR(DMA2, 0) = items;
	DMA_SCR(DMA2, 0) = DMA_MEMORY | cr | DMA_EN;
	EXPECT(COMES(DMA_LISR(DMA2) & DMA_TCIF, 10000), true);
	EXPECT(DMA_LISR(DMA2), ALL);
	EXPECT(DMA_SNDTR(DMA2, 0), 0);
	EXPECT(DMA_SCR(DMA2, 0) & DMA_EN, 0);
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(22);
	for (unsigned i = 0; i < 16; i++)
		from[i] = 0x01010101 * (0x10 + i);
	DMA_SFCR(DMA2, 0) = 0x27; /* DMDIS, threshold 4/4 */
	copy(DMA_PINC | DMA_MINC | DMA_PSIZE(2u) | DMA_MSIZE(2u), 16);
	for (unsigned i = 0; i < 16; i++)
		EXPECT(to[i], from[i]);
	EXPECT(to[16], 0);
	DMA_LIFCR(DMA2) = DMA_HTIF;
	EXPECT(DMA_LISR(DMA2), DMA_TCIF);
	DMA_LIFCR(DMA2) = DMA_TCIF;
	EXPECT(DMA_LISR(DMA2), 0);
	/* words are made of bytes; NDTR counts those of the peripheral's side */
	from[0] = 0x44332211;
	copy(DMA_PINC | DMA_MINC | DMA_PSIZE(0u) | DMA_MSIZE(2u), 8);
	EXPECT(to[0], 0x44332211);
	EXPECT(to[1], 0x11111111);
	EXPECT(to[2], 0x12121212);
	/* one word over and over */
	copy(DMA_MINC | DMA_PSIZE(2u) | DMA_MSIZE(2u), 16);
	EXPECT(to[0], 0x44332211);
	EXPECT(to[15], 0x44332211);
}
