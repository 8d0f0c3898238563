/*
 * Each of the three converters has its own clock bit, of which any serves their common
 * registers; one reset is all of theirs (RM0090 7.3.9, 7.3.14, 13.14).
 */
#include "rule.h"

void rule(void)
{
	RCC_APB2ENR = BIT(9);
	EXPECT(ADC_HTR(ADC1), 0);
	EXPECT(ADC_HTR(ADC2), 0xFFF);
	EXPECT(ADC_HTR(ADC3), 0);
	ADC_HTR(ADC1) = 0x111;
	ADC_HTR(ADC2) = 0x222;
	ADC_HTR(ADC3) = 0x333;
	ADC_CCR = ADC_CCR_TSVREFE;
	RCC_APB2ENR = BIT(8) | BIT(9) | BIT(10);
	EXPECT(ADC_HTR(ADC1), 0xFFF);
	EXPECT(ADC_HTR(ADC2), 0x222);
	EXPECT(ADC_HTR(ADC3), 0xFFF);
	EXPECT(ADC_CCR, ADC_CCR_TSVREFE);
	RCC_APB2RSTR = BIT(8);
	RCC_APB2RSTR = 0;
	EXPECT(ADC_HTR(ADC2), 0xFFF);
	EXPECT(ADC_CCR, 0);
}
