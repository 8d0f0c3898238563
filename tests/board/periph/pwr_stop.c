/* Stop ends with a line of the EXTI, and with HSI as the clock (RM0090 5.3.5). */
#include "rule.h"

static volatile unsigned presses;

static void on_press(void)
{
	presses++;
	EXTI_PR = BIT(0);
}

void rule(void)
{
	uint32_t ram = 0xC0FFEE;

	RCC_AHB1ENR |= BIT(0);
	RCC_APB1ENR |= BIT(28);
	RCC_APB2ENR |= BIT(14);
	clock_168_mhz();
	EXTI_IMR = EXTI_RTSR = BIT(0);
	on_irq(EXTI0_IRQ, on_press);
	PWR_CR &= ~PWR_CR_PDDS;
	SCB_SCR = BIT(2);
	by_hand("press later");
	sleep();
	EXPECT(presses, 1);
	EXPECT(RCC_CFGR & (RCC_CFGR_SW | RCC_CFGR_SWS), 0);
	EXPECT(RCC_CR & (RCC_CR_HSION | RCC_CR_HSIRDY), RCC_CR_HSION | RCC_CR_HSIRDY);
	EXPECT(RCC_CR & (RCC_CR_HSEON | RCC_CR_HSERDY | RCC_CR_PLLON | RCC_CR_PLLRDY), 0);
	EXPECT(ram, 0xC0FFEE);
	EXPECT(PWR_CSR & (PWR_CSR_WUF | PWR_CSR_SBF), 0);
}
