/*
 * A frame takes as long as BRR, OVER8, M and STOP say, measured by DWT_CYCCNT; TXE comes
 * as soon as the byte is in the shift register, TC when it has left (RM0090 30.3.2,
 * 30.3.4).
 */
#include "rule.h"

/* From a line at rest: cycles from writing DR until TC */
static uint32_t frame(uint32_t cr1, uint32_t cr2, uint32_t brr)
{
	uint32_t since;

	USART_CR1(USART3) = 0;
	USART_CR2(USART3) = cr2;
	USART_BRR(USART3) = brr;
	USART_CR1(USART3) = USART_UE | USART_TE | cr1;
	wait_cycles(20 * brr); /* an idle frame goes first */
	USART_SR(USART3) = (uint32_t)~USART_TC;
	since = DWT_CYCCNT;
	USART_DR(USART3) = 0x55;
	while (!(USART_SR(USART3) & USART_TC))
		;
	return DWT_CYCCNT - since;
}

void rule(void)
{
	RCC_APB1ENR |= BIT(18);
	EXPECT_WITHIN(frame(0, 0, 139), 1390, 1410);        /* 115200 baud at 16 MHz */
	EXPECT_WITHIN(frame(BIT(12), 0, 139), 1529, 1550);  /* M: nine bits */
	EXPECT_WITHIN(frame(0, 2u << 12, 139), 1529, 1550); /* two stop bits */
	EXPECT_WITHIN(frame(BIT(15), 0, 8 << 4 | 3), 670, 690); /* OVER8: 8.375 */
	RCC_CFGR = 4u << 10; /* PCLK1 is half of HCLK */
	EXPECT_WITHIN(frame(0, 0, 139), 2780, 2800);
}
