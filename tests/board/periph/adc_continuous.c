/*
 * CONT goes on by itself; with EOCS a result that is not taken is an overrun (13.3.5,
 * 13.8).
 */
#include "rule.h"

void rule(void)
{
	unsigned conversions = 0;

	RCC_APB2ENR |= BIT(8);
	ADC_CCR = ADC_CCR_TSVREFE;
	ADC_SQR3(ADC1) = ADC_VREFINT;
	ADC_SMPR1(ADC1) = 4u << 21; /* 84 + 12 clocks: 192 cycles */
	ADC_CR2(ADC1) = ADC_CR2_ADON | ADC_CR2_CONT;
	ADC_CR2(ADC1) |= ADC_CR2_SWSTART;
	for (uint32_t since = DWT_CYCCNT; DWT_CYCCNT - since < 1920 + 100;) {
		if (!(ADC_SR(ADC1) & ADC_SR_EOC))
			continue;
		conversions++;
		EXPECT_WITHIN(ADC_DR(ADC1), 1600, 1700);
	}
	EXPECT(conversions, 10);
	/* nobody takes them, and nobody asked to be told */
	wait_cycles(1000);
	EXPECT(ADC_SR(ADC1) & (ADC_SR_EOC | ADC_SR_OVR), ADC_SR_EOC);
	ADC_CR2(ADC1) |= ADC_CR2_EOCS;
	wait_cycles(1000);
	EXPECT(ADC_SR(ADC1) & ADC_SR_OVR, ADC_SR_OVR);
	ADC_CR2(ADC1) = 0;
	ADC_SR(ADC1) = 0;
	wait_cycles(1000);
	EXPECT(ADC_SR(ADC1), 0);
}
