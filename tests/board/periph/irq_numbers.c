/*
 * Each peripheral's interrupt is at its position in RM0090's table 61, and at no other.
 */
#include "rule.h"

#define NONE 0u

static const struct row {
	const char *name;
	uint32_t enr; /* offset in the RCC */
	unsigned bit;
	uint32_t first, first_value, second, second_value; /* what brings it about */
	unsigned irq;
} rows[] = {
#define UPDATE(tim)  tim + 0x0C, 0x01, tim + 0x14, 0x01
#define CHANNEL(tim) tim + 0x0C, 0x02, tim + 0x14, 0x02
#define TRIGGER(tim) tim + 0x0C, 0x40, tim + 0x14, 0x40
#define BREAK(tim)   tim + 0x0C, 0x80, tim + 0x14, 0x80
#define EMPTY(usart) usart + 0x0C, 0x2080, NONE, 0
#define BUFFER(spi)  spi + 0x04, 0x80, spi + 0x00, 0x344
#define STARTED(i2c) i2c + 0x04, 0x210, i2c + 0x00, 0x101
	{ "TIM2", 0x40, 0, UPDATE(TIM2), 28 },
	{ "TIM3", 0x40, 1, UPDATE(TIM3), 29 },
	{ "TIM4", 0x40, 2, UPDATE(TIM4), 30 },
	{ "TIM5", 0x40, 3, UPDATE(TIM5), 50 },
	{ "TIM6", 0x40, 4, UPDATE(TIM6), 54 },
	{ "TIM7", 0x40, 5, UPDATE(TIM7), 55 },
	{ "TIM12", 0x40, 6, UPDATE(TIM12), 43 },
	{ "TIM13", 0x40, 7, UPDATE(TIM13), 44 },
	{ "TIM14", 0x40, 8, UPDATE(TIM14), 45 },
	{ "TIM1 break", 0x44, 0, BREAK(TIM1), 24 },
	{ "TIM1 update", 0x44, 0, UPDATE(TIM1), 25 },
	{ "TIM1 trigger", 0x44, 0, TRIGGER(TIM1), 26 },
	{ "TIM1 channel", 0x44, 0, CHANNEL(TIM1), 27 },
	{ "TIM8 break", 0x44, 1, BREAK(TIM8), 43 },
	{ "TIM8 update", 0x44, 1, UPDATE(TIM8), 44 },
	{ "TIM8 trigger", 0x44, 1, TRIGGER(TIM8), 45 },
	{ "TIM8 channel", 0x44, 1, CHANNEL(TIM8), 46 },
	{ "TIM9", 0x44, 16, UPDATE(TIM9), 24 },
	{ "TIM10", 0x44, 17, UPDATE(TIM10), 25 },
	{ "TIM11", 0x44, 18, UPDATE(TIM11), 26 },
	{ "USART1", 0x44, 4, EMPTY(USART1), 37 },
	{ "USART2", 0x40, 17, EMPTY(USART2), 38 },
	{ "USART3", 0x40, 18, EMPTY(USART3), 39 },
	{ "UART4", 0x40, 19, EMPTY(UART4), 52 },
	{ "UART5", 0x40, 20, EMPTY(UART5), 53 },
	{ "USART6", 0x44, 5, EMPTY(USART6), 71 },
	{ "SPI1", 0x44, 12, BUFFER(SPI1), 35 },
	{ "SPI2", 0x40, 14, BUFFER(SPI2), 36 },
	{ "SPI3", 0x40, 15, BUFFER(SPI3), 51 },
	{ "I2C1", 0x40, 21, STARTED(I2C1), 31 },
	{ "I2C2", 0x40, 22, STARTED(I2C2), 33 },
	{ "I2C3", 0x40, 23, STARTED(I2C3), 72 },
};

/* That one and no other is pending; then none. */
static void only(const char *name, unsigned irq)
{
	for (unsigned n = 0; n < 3; n++) {
		expect_of(__LINE__, "what is pending", name, NVIC_ISPR(n),
			  irq / 32 == n ? BIT(irq % 32) : 0);
		NVIC_ICPR(n) = 0xFFFFFFFF;
	}
}

static void hold(const struct row *row)
{
	volatile uint32_t *enr = &REG(RCC + row->enr),
			  *rstr = &REG(RCC + row->enr - 0x20);

	*enr |= BIT(row->bit);
	REG(row->first) = row->first_value;
	if (row->second)
		REG(row->second) = row->second_value;
	wait_cycles(2000);
	*rstr |= BIT(row->bit);
	*rstr &= ~BIT(row->bit);
	only(row->name, row->irq);
}

static void hold_exti(void)
{
	static const uint8_t irqs[] = { 6,  7,  8,  9,  10, 23, 23, 23, 23, 23, 40, 40,
					40, 40, 40, 40, 1,  41, 42, 62, 76, 2,  3 };

	for (unsigned line = 0; line < sizeof(irqs); line++) {
		EXTI_IMR = BIT(line);
		EXTI_SWIER = BIT(line);
		EXTI_PR = BIT(line);
		only("EXTI", irqs[line]);
	}
}

/* A stream that is stopped says that it is over. */
static void hold_dma(uint32_t dma, const uint8_t irqs[8])
{
	for (unsigned n = 0; n < 8; n++) {
		DMA_SNDTR(dma, n) = 1;
		DMA_SCR(dma, n) = DMA_TCIE | DMA_EN;
		DMA_SCR(dma, n) = DMA_TCIE;
		wait_cycles(50);
		DMA_LIFCR(dma) = DMA_HIFCR(dma) = 0xFFFFFFFF;
		only("DMA", irqs[n]);
	}
}

void rule(void)
{
	static const uint8_t dma1[] = { 11, 12, 13, 14, 15, 16, 17, 47 };
	static const uint8_t dma2[] = { 56, 57, 58, 59, 60, 68, 69, 70 };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		hold(&rows[i]);
	hold_exti();
	RCC_AHB1ENR |= BIT(21) | BIT(22);
	hold_dma(DMA1, dma1);
	hold_dma(DMA2, dma2);
}
