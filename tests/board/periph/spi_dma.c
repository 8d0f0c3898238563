/* DMA2 exchanges a row of bytes with the accelerometer (RM0090 28.3.9, table 43). */
#include "rule.h"

static const uint8_t out[8] = { 0x8D, 0, 0, 0, 0, 0, 0, 0 };
static uint8_t in[8];

void rule(void)
{
	RCC_AHB1ENR |= BIT(0) | BIT(4) | BIT(22);
	RCC_APB2ENR |= BIT(12);
	GPIO_BSRR(GPIOE) = BIT(3);
	pin_mode(GPIOE, 3, 1);
	for (unsigned pin = 5; pin <= 7; pin++)
		pin_function(GPIOA, pin, 5);
	/* SPI1_RX: stream 0, SPI1_TX: stream 3, both channel 3 */
	DMA_SPAR(DMA2, 0) = DMA_SPAR(DMA2, 3) = SPI1 + 0x0C;
	DMA_SM0AR(DMA2, 0) = (uint32_t)(uintptr_t)in;
	DMA_SM0AR(DMA2, 3) = (uint32_t)(uintptr_t)out;
	DMA_SNDTR(DMA2, 0) = DMA_SNDTR(DMA2, 3) = 4;
	DMA_SCR(DMA2, 0) = DMA_CHSEL(3u) | DMA_MINC | DMA_EN;
	DMA_SCR(DMA2, 3) = DMA_CHSEL(3u) | DMA_MINC | DMA_FROM_MEMORY | DMA_EN;
	GPIO_BSRR(GPIOE) = BIT(3 + 16);
	SPI_CR2(SPI1) = 3; /* RXDMAEN, TXDMAEN */
	SPI_CR1(SPI1) = 0x347 | 3u << 3;
	EXPECT(COMES(DMA_LISR(DMA2) & DMA_TCIF, 4 * 8 * 16 * 2), true);
	EXPECT(DMA_LISR(DMA2) & DMA_TCIF << 22, DMA_TCIF << 22);
	GPIO_BSRR(GPIOE) = BIT(3);
	EXPECT(in[1], 0x21); /* INFO1, INFO2, WHO_AM_I */
	EXPECT(in[2], 0x00);
	EXPECT(in[3], 0x3F);
	EXPECT(in[4], 0);
	EXPECT(SPI_SR(SPI1), 2);
}
