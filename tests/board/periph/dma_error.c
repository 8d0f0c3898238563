/*
 * What a stream cannot reach ends it with TEIF: nothing there, the core coupled memory,
 * and for DMA1, whose peripheral port is on APB1 alone, all else (RM0090 2.1, 10.3.1,
 * 10.3.17).
 */
#include "rule.h"

static volatile unsigned errors;
static uint32_t word;

static void on_stream(void)
{
	errors++;
	DMA_LIFCR(DMA2) = 0x3D;
}

static void copy(uint32_t from)
{
	DMA_SPAR(DMA2, 0) = from;
	DMA_SM0AR(DMA2, 0) = (uint32_t)(uintptr_t)&word;
	DMA_SNDTR(DMA2, 0) = 4;
	DMA_SCR(DMA2, 0) = DMA_MEMORY | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_TEIE | DMA_EN;
	wait_cycles(200);
}

/* The flags of DMA1's stream 1, TIM6_UP, after one request */
static uint32_t request(uint32_t peripheral)
{
	DMA_LIFCR(DMA1) = 0x3D << 6;
	DMA_SPAR(DMA1, 1) = peripheral;
	DMA_SM0AR(DMA1, 1) = (uint32_t)(uintptr_t)&word;
	DMA_SNDTR(DMA1, 1) = 1;
	DMA_SCR(DMA1, 1) = DMA_CHSEL(7u) | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_EN;
	TIM_EGR(TIM6) = TIM_UIF;
	wait_cycles(200);
	return DMA_LISR(DMA1) >> 6 & (DMA_TCIF | DMA_TEIF);
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(3) | BIT(21) | BIT(22);
	RCC_APB1ENR |= BIT(4);
	on_irq(DMA2_STREAM0_IRQ, on_stream);
	copy(0x08000000);
	EXPECT(errors, 0);
	EXPECT(DMA_LISR(DMA2) & DMA_TCIF, DMA_TCIF);
	EXPECT(word, REG(0x08000000));
	DMA_LIFCR(DMA2) = 0x3D;
	copy(0x60000000);
	EXPECT(errors, 1);
	EXPECT(DMA_SCR(DMA2, 0) & DMA_EN, 0);
	copy(0x10000000);
	EXPECT(errors, 2);

	TIM_DIER(TIM6) = TIM_UDE;
	EXPECT(request(TIM6 + 0x2C), DMA_TCIF);
	EXPECT(word, 0xFFFF);
	EXPECT(request(GPIOD + 0x00), DMA_TEIF);
	EXPECT(request(TIM8 + 0x2C), DMA_TEIF);
	/* and from memory to memory it does not go at all */
	DMA_SCR(DMA1, 2) = 0;
	DMA_SPAR(DMA1, 2) = 0x08000000;
	DMA_SM0AR(DMA1, 2) = (uint32_t)(uintptr_t)&word;
	DMA_SNDTR(DMA1, 2) = 4;
	word = 0;
	DMA_SCR(DMA1, 2) = DMA_MEMORY | DMA_PSIZE(2u) | DMA_MSIZE(2u) | DMA_EN;
	wait_cycles(200);
	EXPECT(DMA_LISR(DMA1) & DMA_TCIF << 16, 0);
	EXPECT(word, 0);
}
