/* A timer's trigger starts conversions, as often as it comes (RM0090 13.6, table 68). */
#include "rule.h"

static volatile unsigned conversions;

static void on_adc(void)
{
	conversions++;
	(void)ADC_DR(ADC1);
}

void rule(void)
{
	RCC_APB1ENR |= BIT(1);
	RCC_APB2ENR |= BIT(8);
	ADC_CCR = ADC_CCR_TSVREFE;
	ADC_SQR3(ADC1) = ADC_VREFINT;
	ADC_CR1(ADC1) = ADC_CR1_EOCIE;
	ADC_CR2(ADC1) = ADC_CR2_ADON | 1u << 28 | 8u << 24; /* rising, TIM3_TRGO */
	on_irq(ADC_IRQ, on_adc);
	TIM_ARR(TIM3) = 999;
	TIM_CR2(TIM3) = 2u << 4; /* the update */
	wait_cycles(5000);
	EXPECT(conversions, 0);
	TIM_CR1(TIM3) = TIM_CEN;
	wait_cycles(10500);
	EXPECT(conversions, 10);
	ADC_CR2(ADC1) &= ~(3u << 28);
	wait_cycles(5000);
	EXPECT(conversions, 10);
}
