/*
 * A peripheral whose clock is off reads as zero, takes no writes and forgets nothing; its
 * bit in RSTR brings the reset values back (RM0090 7.2, 7.3.5 to 7.3.14).
 */
#include "rule.h"

static const struct row {
	const char *name;
	uint32_t enr; /* offset in the RCC */
	unsigned bit;
	uint32_t address, reset; /* of a register of it, and what can be written */
	uint32_t other;
} rows[] = {
	{ "GPIOA", 0x30, 0, GPIOA + 0x00, 0xA8000000, 0xA8000001 },
	{ "GPIOI", 0x30, 8, GPIOI + 0x14, 0, 0x1234 },
	{ "CRC", 0x30, 12, CRC + 0x04, 0, 0x5A },
	{ "DMA1", 0x30, 21, DMA1 + 0x24, 0x21, 0x22 },
	{ "DMA2", 0x30, 22, DMA2 + 0xC4, 0, 0x20000000 },
	{ "RNG", 0x34, 6, RNG + 0x00, 0, 0x8 },
	{ "TIM2", 0x40, 0, TIM2 + 0x2C, 0xFFFFFFFF, 0x12345678 },
	{ "TIM3", 0x40, 1, TIM3 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM4", 0x40, 2, TIM4 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM5", 0x40, 3, TIM5 + 0x2C, 0xFFFFFFFF, 0x12345678 },
	{ "TIM6", 0x40, 4, TIM6 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM7", 0x40, 5, TIM7 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM12", 0x40, 6, TIM12 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM13", 0x40, 7, TIM13 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM14", 0x40, 8, TIM14 + 0x2C, 0xFFFF, 0x1234 },
	{ "WWDG", 0x40, 11, WWDG + 0x04, 0x7F, 0x7E },
	{ "SPI2", 0x40, 14, SPI2 + 0x10, 7, 0x1021 },
	{ "SPI3", 0x40, 15, SPI3 + 0x10, 7, 0x1021 },
	{ "USART2", 0x40, 17, USART2 + 0x08, 0, 0x683 },
	{ "USART3", 0x40, 18, USART3 + 0x08, 0, 0x683 },
	{ "UART4", 0x40, 19, UART4 + 0x08, 0, 0x683 },
	{ "UART5", 0x40, 20, UART5 + 0x08, 0, 0x683 },
	{ "I2C1", 0x40, 21, I2C1 + 0x20, 2, 0x11 },
	{ "I2C2", 0x40, 22, I2C2 + 0x20, 2, 0x11 },
	{ "I2C3", 0x40, 23, I2C3 + 0x20, 2, 0x11 },
	{ "PWR", 0x40, 28, PWR + 0x00, 0x4000, 0x4100 },
	{ "DAC", 0x40, 29, DAC + 0x08, 0, 0x123 },
	{ "TIM1", 0x44, 0, TIM1 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM8", 0x44, 1, TIM8 + 0x2C, 0xFFFF, 0x1234 },
	{ "USART1", 0x44, 4, USART1 + 0x08, 0, 0x683 },
	{ "USART6", 0x44, 5, USART6 + 0x08, 0, 0x683 },
	{ "ADC1", 0x44, 8, ADC1 + 0x24, 0xFFF, 0x123 },
	{ "SPI1", 0x44, 12, SPI1 + 0x10, 7, 0x1021 },
	{ "SYSCFG", 0x44, 14, SYSCFG + 0x08, 0, 0x3210 },
	{ "TIM9", 0x44, 16, TIM9 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM10", 0x44, 17, TIM10 + 0x2C, 0xFFFF, 0x1234 },
	{ "TIM11", 0x44, 18, TIM11 + 0x2C, 0xFFFF, 0x1234 },
};

/* RSTR, with the bits at the same places, is 0x20 before ENR. */
static void hold(const struct row *row)
{
	volatile uint32_t *enr = &REG(RCC + row->enr),
			  *rstr = &REG(RCC + row->enr - 0x20);

#define OF(got, want) expect_of(__LINE__, #got, row->name, got, want)
	REG(row->address) = row->other;
	OF(REG(row->address), 0);
	*enr |= BIT(row->bit);
	OF(REG(row->address), row->reset);
	REG(row->address) = row->other;
	OF(REG(row->address), row->other);
	*enr &= ~BIT(row->bit);
	OF(REG(row->address), 0);
	*enr |= BIT(row->bit);
	OF(REG(row->address), row->other); /* kept meanwhile */
	*rstr |= BIT(row->bit);
	*rstr &= ~BIT(row->bit);
	OF(REG(row->address), row->reset);
	*enr &= ~BIT(row->bit);
}

void rule(void)
{
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		hold(&rows[i]);
}
