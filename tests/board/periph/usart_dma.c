/* DMA feeds a transmitter and empties a receiver (RM0090 10.3, 30.3.13). */
#include "rule.h"

static uint8_t out[8] = "12345678", in[8];

void rule(void)
{
	uint32_t since;

	RCC_AHB1ENR |= BIT(3) | BIT(21);
	RCC_APB1ENR |= BIT(18);
	pin_function(GPIOD, 9, 7);
	USART_BRR(USART3) = 139;
	USART_CR3(USART3) = BIT(7) | BIT(6);
	USART_CR1(USART3) = USART_UE | USART_TE | USART_RE;
	wait_cycles(3000);
	/* USART3_TX is stream 3, channel 4; USART3_RX stream 1, channel 4 */
	DMA_SPAR(DMA1, 3) = USART3 + 0x04;
	DMA_SM0AR(DMA1, 3) = (uint32_t)(uintptr_t)out;
	DMA_SNDTR(DMA1, 3) = 8;
	USART_SR(USART3) = (uint32_t)~USART_TC;
	since = DWT_CYCCNT;
	DMA_SCR(DMA1, 3) = DMA_CHSEL(4u) | DMA_MINC | DMA_FROM_MEMORY | DMA_EN;
	EXPECT(COMES(DMA_LISR(DMA1) & DMA_TCIF << 22, 8 * 1390), true);
	EXPECT(DMA_SNDTR(DMA1, 3), 0);
	EXPECT(DMA_SCR(DMA1, 3) & DMA_EN, 0);
	EXPECT(COMES(USART_SR(USART3) & USART_TC, 3 * 1390), true);
	EXPECT_WITHIN(DWT_CYCCNT - since, 8 * 1390, 8 * 1390 + 100);

	DMA_SPAR(DMA1, 1) = USART3 + 0x04;
	DMA_SM0AR(DMA1, 1) = (uint32_t)(uintptr_t)in;
	DMA_SNDTR(DMA1, 1) = 8;
	DMA_SCR(DMA1, 1) = DMA_CHSEL(4u) | DMA_MINC | DMA_EN;
	by_hand("type 3 hello");
	wait_cycles(6 * 1390);
	EXPECT(DMA_SNDTR(DMA1, 1), 3);
	EXPECT(in[0] << 24 | in[1] << 16 | in[3] << 8 | in[4], 0x68656C6F);
	EXPECT(in[5], 0);
	EXPECT(USART_SR(USART3) & (USART_RXNE | USART_ORE), 0);
}
