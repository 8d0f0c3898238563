/* TXEIE, TCIE, RXNEIE and IDLEIE, all on one line (RM0090 30.4). */
#include "rule.h"

static volatile unsigned sent, received, completed, idle;

static void on_usart(void)
{
	uint32_t sr = USART_SR(USART3), cr1 = USART_CR1(USART3);

	if ((sr & USART_TXE) && (cr1 & BIT(7))) {
		USART_DR(USART3) = 'a' + sent;
		if (++sent == 4)
			USART_CR1(USART3) = (cr1 & ~BIT(7)) | BIT(6);
	} else if ((sr & USART_TC) && (cr1 & BIT(6))) {
		completed++;
		USART_CR1(USART3) &= ~BIT(6);
	}
	if (sr & (USART_RXNE | USART_IDLE)) {
		received += !!(sr & USART_RXNE);
		idle += !!(sr & USART_IDLE);
		(void)USART_DR(USART3);
	}
}

void rule(void)
{
	uint32_t since;

	RCC_AHB1ENR |= BIT(3);
	RCC_APB1ENR |= BIT(18);
	pin_function(GPIOD, 9, 7);
	on_irq(USART3_IRQ, on_usart);
	USART_BRR(USART3) = 139;
	USART_CR1(USART3) = USART_UE | USART_TE | USART_RE;
	wait_cycles(3000);
	since = DWT_CYCCNT;
	USART_CR1(USART3) |= BIT(7);
	EXPECT(COMES(completed, 10000), true);
	EXPECT_WITHIN(DWT_CYCCNT - since, 4 * 1390, 4 * 1390 + 200);
	EXPECT(sent, 4);
	EXPECT(completed, 1);
	USART_CR1(USART3) |= BIT(5) | BIT(4);
	by_hand("type 3 hello");
	EXPECT(COMES(idle, 10 * 1390), true);
	EXPECT(received, 5);
	EXPECT(idle, 1);
}
