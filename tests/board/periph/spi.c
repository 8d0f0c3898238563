/*
 * SPI1 as a master: the time of a frame, its flags, an overrun, and the accelerometer
 * that says who it is (RM0090 28.3; LIS3DSH 7.4).
 */
#include "rule.h"

#define RXNE BIT(0)
#define TXE  BIT(1)
#define OVR  BIT(6)
#define BSY  BIT(7)
#define CR1  (3u | BIT(2) | 3u << 3 | BIT(6) | BIT(8) | BIT(9)) /* PCLK2 / 16, mode 3 */

static uint32_t exchange(uint32_t out)
{
	SPI_DR(SPI1) = out;
	EXPECT(COMES(SPI_SR(SPI1) & RXNE, 1000), true);
	return SPI_DR(SPI1);
}

static void select(bool on)
{
	GPIO_BSRR(GPIOE) = on ? BIT(3 + 16) : BIT(3);
}

static uint32_t who_am_i(void)
{
	uint32_t answer;

	select(true);
	exchange(0x8F);
	answer = exchange(0);
	select(false);
	return answer;
}

void rule(void)
{
	uint32_t since;

	RCC_AHB1ENR |= BIT(0) | BIT(4);
	RCC_APB2ENR |= BIT(12);
	select(false);
	pin_mode(GPIOE, 3, 1);
	for (unsigned pin = 5; pin <= 7; pin++)
		pin_function(GPIOA, pin, 5);
	SPI_CR1(SPI1) = CR1;
	EXPECT(SPI_SR(SPI1), TXE);
	SPI_DR(SPI1) = 0;
	since = DWT_CYCCNT;
	EXPECT(SPI_SR(SPI1), TXE | BSY);
	SPI_DR(SPI1) = 0;
	EXPECT(SPI_SR(SPI1), BSY);
	while (!(SPI_SR(SPI1) & RXNE))
		;
	EXPECT_WITHIN(DWT_CYCCNT - since, 120, 150);   /* 8 bits of 16 clocks */
	EXPECT(COMES(SPI_SR(SPI1) & OVR, 1000), true); /* the first was not taken */
	EXPECT(SPI_SR(SPI1), TXE | RXNE | OVR);
	(void)SPI_DR(SPI1); /* DR, then SR */
	EXPECT(SPI_SR(SPI1), TXE | OVR);
	EXPECT(SPI_SR(SPI1), TXE);
	EXPECT(who_am_i(), 0x3F);
	exchange(0x8F); /* not selected: the line is pulled up */
	EXPECT(who_am_i(), 0x3F);
	/* MODF: as a master that is told by SSI that another is one */
	SPI_CR1(SPI1) &= ~BIT(8);
	EXPECT(SPI_SR(SPI1) & BIT(5), BIT(5));
	EXPECT(SPI_CR1(SPI1) & (BIT(6) | BIT(2)), 0);
}
