/*
 * What IDR shows of a pin that nothing drives, is pulled, is an open drain, is analog,
 * and of the button, whose resistor is the board's (RM0090 8.3.7 to 8.3.12).
 */
#include "rule.h"

#define PIN6(x) ((x) >> 6 & 1)

void rule(void)
{
	RCC_AHB1ENR |= BIT(0) | BIT(4);
	GPIO_PUPDR(GPIOE) = 1u << 12;
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 1);
	GPIO_PUPDR(GPIOE) = 2u << 12;
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 0);
	GPIO_ODR(GPIOE) = BIT(6); /* an input is not driven */
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 0);
	pin_mode(GPIOE, 6, 1);
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 1);
	GPIO_OTYPER(GPIOE) = BIT(6); /* an open drain drives low only */
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 0);
	GPIO_PUPDR(GPIOE) = 1u << 12;
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 1);
	GPIO_ODR(GPIOE) = 0;
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 0);
	GPIO_OTYPER(GPIOE) = 0;
	GPIO_ODR(GPIOE) = BIT(6);
	pin_mode(GPIOE, 6, 3); /* analog: the input is off, and reads 0 */
	EXPECT(PIN6(GPIO_IDR(GPIOE)), 0);

	EXPECT(GPIO_IDR(GPIOA) & 1, 0);
	GPIO_PUPDR(GPIOA) |= 1; /* weaker than the board's */
	EXPECT(GPIO_IDR(GPIOA) & 1, 0);
	by_hand("press");
	EXPECT(GPIO_IDR(GPIOA) & 1, 1);
	by_hand("release");
	EXPECT(GPIO_IDR(GPIOA) & 1, 0);
}
