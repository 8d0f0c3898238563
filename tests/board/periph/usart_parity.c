/*
 * What is received with parity has the parity bit on top, in the eighth or ninth
 * (30.3.7).
 */
#include "rule.h"

static uint32_t receive(uint32_t cr1)
{
	USART_CR1(USART3) = 0;
	USART_CR1(USART3) = USART_UE | USART_RE | cr1;
	by_hand("type 3 a"); /* 0x61: three ones */
	EXPECT(COMES(USART_SR(USART3) & USART_RXNE, 3000), true);
	return USART_DR(USART3);
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(3);
	RCC_APB1ENR |= BIT(18);
	pin_function(GPIOD, 9, 7);
	USART_BRR(USART3) = 139;
	EXPECT(receive(0), 0x61);
	EXPECT(receive(BIT(10)), 0xE1);          /* PCE: seven bits and even parity */
	EXPECT(receive(BIT(10) | BIT(9)), 0x61); /* odd */
	EXPECT(receive(BIT(12) | BIT(10)), 0x161);
	EXPECT(USART_SR(USART3) & 1, 0); /* PE */
}
