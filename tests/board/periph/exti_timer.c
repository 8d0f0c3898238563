/*
 * The edges of an alternate function's pin are edges to the EXTI too: a PWM is counted
 * (RM0090 8.3.11, 12.2.4).
 */
#include "rule.h"

static volatile unsigned edges;

static void on_line(void)
{
	edges++;
	EXTI_PR = BIT(12);
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(3);
	RCC_APB1ENR |= BIT(2);
	RCC_APB2ENR |= BIT(14);
	pin_function(GPIOD, 12, 2); /* TIM4_CH1 */
	SYSCFG_EXTICR(4) = 3;
	EXTI_RTSR = EXTI_IMR = BIT(12);
	on_irq(EXTI15_10_IRQ, on_line);
	TIM_PSC(TIM4) = 15;
	TIM_ARR(TIM4) = 999; /* 1 kHz */
	TIM_CCR(TIM4, 1) = 250;
	TIM_CCMR1(TIM4) = 7u << 4; /* PWM mode 2: low first */
	TIM_EGR(TIM4) = TIM_UIF;
	TIM_CCER(TIM4) = 1;
	TIM_CR1(TIM4) = TIM_CEN;
	wait_cycles(16000 * 10);
	EXPECT(edges, 10);
	EXTI_FTSR = BIT(12);
	wait_cycles(16000 * 10);
	EXPECT(edges, 30);
}
