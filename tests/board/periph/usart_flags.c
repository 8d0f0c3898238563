/* TXE and TC, and the ways in which they come and go (RM0090 30.3.2, 30.6.1). */
#include "rule.h"

#define BOTH (USART_TXE | USART_TC)

void rule(void)
{
	RCC_APB1ENR |= BIT(18);
	EXPECT(USART_SR(USART3), BOTH);
	USART_BRR(USART3) = 139;
	USART_CR1(USART3) = USART_UE | USART_TE;
	EXPECT(COMES(USART_SR(USART3) & USART_TC, 5000), true);
	wait_cycles(2000);
	(void)USART_SR(USART3);
	USART_DR(USART3) = 'a'; /* into the shift register at once */
	EXPECT(USART_SR(USART3) & BOTH, USART_TXE);
	USART_DR(USART3) = 'b';
	EXPECT(USART_SR(USART3) & BOTH, 0);
	EXPECT(COMES(USART_SR(USART3) & USART_TXE, 1500), true);
	EXPECT(USART_SR(USART3) & BOTH, USART_TXE);
	EXPECT(COMES(USART_SR(USART3) & USART_TC, 1500), true);
	USART_SR(USART3) = 0; /* TC is cleared so, TXE is not */
	EXPECT(USART_SR(USART3), USART_TXE);
}
