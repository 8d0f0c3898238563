/*
 * RXNE until DR is read; a byte that comes before that is lost, and says so; SR and then
 * DR clears the errors; silence after bytes is IDLE (RM0090 30.3.3, 30.6.1).
 */
#include "rule.h"

static void byte_time(unsigned n)
{
	wait_cycles(1390 * n + 100);
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(3);
	RCC_APB1ENR |= BIT(18);
	pin_function(GPIOD, 8, 7);
	pin_function(GPIOD, 9, 7);
	USART_BRR(USART3) = 139;
	USART_CR1(USART3) = USART_UE | USART_RE;
	by_hand("type 3 a");
	EXPECT(USART_SR(USART3) & USART_RXNE, 0);
	byte_time(1);
	EXPECT(USART_SR(USART3) & USART_RXNE, USART_RXNE);
	EXPECT(USART_DR(USART3), 'a');
	EXPECT(USART_SR(USART3) & USART_RXNE, 0);
	byte_time(1);
	EXPECT(USART_SR(USART3) & USART_IDLE, USART_IDLE);
	(void)USART_SR(USART3);
	(void)USART_DR(USART3);
	EXPECT(USART_SR(USART3) & USART_IDLE, 0);
	by_hand("type 3 xyz");
	byte_time(3);
	EXPECT(USART_SR(USART3) & (USART_RXNE | USART_ORE), USART_RXNE | USART_ORE);
	USART_SR(USART3) = 0; /* RXNE alone is cleared so */
	EXPECT(USART_SR(USART3) & (USART_RXNE | USART_ORE), USART_ORE);
	EXPECT(USART_DR(USART3), 'x'); /* the first has stayed */
	EXPECT(USART_SR(USART3) & (USART_RXNE | USART_ORE), 0);
}
