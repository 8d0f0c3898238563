/*
 * A pin's edge, chosen by RTSR and FTSR, of the port that SYSCFG_EXTICR names: it is
 * pending until 1 is written to it, and an interrupt if IMR says so (RM0090 12.2, 12.3).
 */
#include "rule.h"

static volatile unsigned interrupts;

static void on_line(void)
{
	interrupts++;
	EXTI_PR = BIT(0);
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(0) | BIT(4);
	RCC_APB2ENR |= BIT(14);
	by_hand("press");
	EXPECT(EXTI_PR, 0); /* no edge chosen */
	by_hand("release");
	EXTI_RTSR = BIT(0);
	by_hand("press");
	EXPECT(EXTI_PR, BIT(0)); /* pending without IMR too, but no interrupt */
	EXTI_PR = 0;
	EXPECT(EXTI_PR, BIT(0));
	EXTI_PR = BIT(0);
	EXPECT(EXTI_PR, 0);
	by_hand("release");
	EXPECT(EXTI_PR, 0);
	EXTI_RTSR = 0;
	EXTI_FTSR = BIT(0);
	by_hand("press");
	EXPECT(EXTI_PR, 0);
	by_hand("release");
	EXPECT(EXTI_PR, BIT(0));
	EXTI_PR = BIT(0);

	EXTI_RTSR = EXTI_IMR = BIT(0);
	on_irq(EXTI0_IRQ, on_line);
	by_hand("press");
	barrier();
	by_hand("release");
	barrier();
	EXPECT(interrupts, 2);
	/* of port E: a program's own output */
	SYSCFG_EXTICR(1) = 4;
	EXPECT(SYSCFG_EXTICR(1), 4);
	by_hand("press");
	barrier();
	EXPECT(interrupts, 2);
	pin_mode(GPIOE, 0, 1);
	GPIO_ODR(GPIOE) = 1;
	barrier();
	EXPECT(interrupts, 3);
	GPIO_ODR(GPIOE) = 0;
	barrier();
	EXPECT(interrupts, 4);
}
