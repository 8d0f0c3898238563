/*
 * Temperature and reference voltage, of ADC1 with TSVREFE: at 3.0 V and a room's warmth,
 * as the data sheet's tables 69 and 72 say (RM0090 13.10, 13.11).
 */
#include "rule.h"

static uint32_t convert(unsigned channel)
{
	ADC_SQR3(ADC1) = channel;
	ADC_CR2(ADC1) |= ADC_CR2_SWSTART;
	EXPECT(COMES(ADC_SR(ADC1) & ADC_SR_EOC, 2000), true);
	return ADC_DR(ADC1);
}

void rule(void)
{
	uint32_t reference, millivolts;

	RCC_APB2ENR |= BIT(8);
	ADC_CR2(ADC1) = ADC_CR2_ADON;
	ADC_SMPR1(ADC1) = 7u << 18 | 7u << 21;
	ADC_CCR = ADC_CCR_TSVREFE;
	reference = convert(ADC_VREFINT);
	EXPECT_WITHIN(reference, 1180 * 4095 / 3000, 1240 * 4095 / 3000);
	/* 0.76 V at 25 degrees, 2.5 mV each; by the 1.21 V whatever the supply is */
	millivolts = convert(ADC_TEMPERATURE) * 1210 / reference;
	EXPECT_WITHIN(millivolts, 760 - 25, 760 + 25);
	ADC_CCR = 0;
	EXPECT(convert(ADC_TEMPERATURE) < 100, true);
}
