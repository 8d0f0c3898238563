/* [RM0090] 30.6 */
#ifndef REGS_USART_H
#define REGS_USART_H

#define USART3_BASE 0x40004800u
#define USART3_SR   (USART3_BASE + 0x00)
#define USART3_DR   (USART3_BASE + 0x04)
#define USART3_BRR  (USART3_BASE + 0x08)
#define USART3_CR1  (USART3_BASE + 0x0c)
#define USART3_CR2  (USART3_BASE + 0x10)
#define USART3_CR3  (USART3_BASE + 0x14)

#define USART_SR_FE   (1u << 1)
#define USART_SR_NF   (1u << 2)
#define USART_SR_ORE  (1u << 3)
#define USART_SR_RXNE (1u << 5)
#define USART_SR_TC   (1u << 6)
#define USART_SR_TXE  (1u << 7)

#define USART_CR1_RE     (1u << 2)
#define USART_CR1_TE     (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_UE     (1u << 13)

#endif
