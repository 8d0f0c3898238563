/*
 * AHB peripherals take bytes and half-words; on the APBs a narrow store is made as wide
 * as the bus by repeating it (RM0090 2.3). Bit-band turns a word into one bit of a
 * register.
 */
#include "rule.h"

void rule(void)
{
	RCC_AHB1ENR |= BIT(4);
	RCC_APB1ENR |= BIT(0);
	GPIO_MODER(GPIOE) = 0x11223344;
	BYTE(GPIOE + 2) = 0xAA;
	EXPECT(GPIO_MODER(GPIOE), 0x11AA3344);
	HALFWORD(GPIOE + 0) = 0x5566;
	EXPECT(GPIO_MODER(GPIOE), 0x11AA5566);
	EXPECT(BYTE(GPIOE + 3), 0x11);
	EXPECT(HALFWORD(GPIOE + 2), 0x11AA);

	TIM_ARR(TIM2) = 0;
	BYTE(TIM2 + 0x2C) = 0x5A;
	EXPECT(TIM_ARR(TIM2), 0x5A5A5A5A);
	HALFWORD(TIM2 + 0x2C) = 0x1234;
	EXPECT(TIM_ARR(TIM2), 0x12341234);
	EXPECT(BYTE(TIM2 + 0x2D), 0x12);

	TIM_ARR(TIM2) = 0xFFFF0000;
	BITBAND(TIM2 + 0x2C, 3) = 1;
	EXPECT(TIM_ARR(TIM2), 0xFFFF0008);
	BITBAND(TIM2 + 0x2C, 31) = 0;
	EXPECT(TIM_ARR(TIM2), 0x7FFF0008);
	BITBAND(TIM2 + 0x2C, 31) = 0xFFFFFFFF; /* only bit 0 counts */
	EXPECT(TIM_ARR(TIM2), 0xFFFF0008);
	EXPECT(BITBAND(TIM2 + 0x2C, 3), 1);
	EXPECT(BITBAND(TIM2 + 0x2C, 4), 0);
}
