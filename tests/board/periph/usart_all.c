/*
 * All six serial ports send at the baud of their bus, APB2 twice as fast as APB1
 * (30.3.4).
 */
#include "rule.h"

static const struct row {
	const char *name;
	uint32_t usart;
	unsigned divider; /* of 168 MHz */
} rows[] = {
	{ "USART1", USART1, 2 }, { "USART2", USART2, 4 }, { "USART3", USART3, 4 },
	{ "UART4", UART4, 4 },   { "UART5", UART5, 4 },   { "USART6", USART6, 2 },
};

static void hold(const struct row *row)
{
	uint32_t brr = 168000000 / row->divider / 115200, since, cycles;

	USART_BRR(row->usart) = brr;
	USART_CR1(row->usart) = USART_UE | USART_TE;
	wait_cycles(20 * brr * row->divider);
	(void)USART_SR(row->usart);
	USART_DR(row->usart) = 'a';
	since = DWT_CYCCNT;
	while (!(USART_SR(row->usart) & USART_TC))
		;
	cycles = DWT_CYCCNT - since - 10 * brr * row->divider;
	expect_of(__LINE__, "a frame of ten bits", row->name, cycles + 20 < 40, true);
}

void rule(void)
{
	RCC_APB1ENR |= 0xFu << 17;
	RCC_APB2ENR |= BIT(4) | BIT(5);
	clock_168_mhz();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		hold(&rows[i]);
}
