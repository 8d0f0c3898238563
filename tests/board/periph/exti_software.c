/* SWIER makes an edge by software, and falls with the pending bit (RM0090 12.3.5). */
#include "rule.h"

static volatile uint32_t seen[2];

static void on_9_5(void)
{
	seen[0] = EXTI_PR;
	EXTI_PR = 0x3E0;
}

static void on_15_10(void)
{
	seen[1] = EXTI_PR;
	EXTI_PR = 0xFC00;
}

void rule(void)
{
	EXTI_IMR = BIT(7) | BIT(9) | BIT(12);
	EXTI_SWIER = BIT(7);
	EXPECT(EXTI_PR, BIT(7));
	EXPECT(EXTI_SWIER, BIT(7));
	EXTI_PR = BIT(7);
	EXPECT(EXTI_PR, 0);
	EXPECT(EXTI_SWIER, 0);
	EXTI_SWIER = BIT(3); /* neither IMR nor EMR: nothing is pending */
	EXPECT(EXTI_PR, 0);
	EXTI_PR = BIT(3);
	/* lines 5 to 9 share an interrupt, and 10 to 15 */
	on_irq(EXTI9_5_IRQ, on_9_5);
	on_irq(EXTI15_10_IRQ, on_15_10);
	EXTI_SWIER = BIT(9) | BIT(7) | BIT(12);
	barrier();
	EXPECT(seen[0], BIT(7) | BIT(9) | BIT(12));
	EXPECT(seen[1], BIT(12));
	EXPECT(EXTI_PR, 0);
	EXTI_IMR = 0xFFFFFFFF; /* 23 lines */
	EXPECT(EXTI_IMR, 0x007FFFFF);
}
