/* The CRC of what goes out and comes in, by the polynomial of CRCPR (RM0090 28.3.6). */
#include "rule.h"

static void send(uint32_t byte)
{
	SPI_DR(SPI1) = byte;
	EXPECT(COMES(SPI_SR(SPI1) & 1, 1000), true);
	(void)SPI_DR(SPI1);
}

void rule(void)
{
	RCC_APB2ENR |= BIT(12);
	SPI_CRCPR(SPI1) = 0x07;
	SPI_CR1(SPI1) = BIT(13) | BIT(2) | BIT(8) | BIT(9) | BIT(6);
	for (unsigned i = '1'; i <= '9'; i++)
		send(i);
	EXPECT(SPI_TXCRCR(SPI1), 0xF4); /* CRC-8 of "123456789" */
	SPI_CR1(SPI1) = 0;
	SPI_CR1(SPI1) = BIT(2) | BIT(8) | BIT(9); /* CRCEN anew clears them */
	SPI_CR1(SPI1) |= BIT(13) | BIT(6);
	EXPECT(SPI_TXCRCR(SPI1), 0);
	EXPECT(SPI_RXCRCR(SPI1), 0);
}
