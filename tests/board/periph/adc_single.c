/*
 * One conversion: SWSTART, the time that sampling and resolution take, EOC that goes with
 * the reading of DR, alignment (RM0090 13.3.4 to 13.7).
 */
#include "rule.h"

static uint32_t convert(void)
{
	uint32_t since = DWT_CYCCNT;

	ADC_SR(ADC1) = 0;
	ADC_CR2(ADC1) |= ADC_CR2_SWSTART;
	while (!(ADC_SR(ADC1) & ADC_SR_EOC))
		;
	return DWT_CYCCNT - since;
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(0);
	RCC_APB2ENR |= BIT(8);
	pin_mode(GPIOA, 0, 3);
	ADC_CR2(ADC1) = ADC_CR2_SWSTART; /* not on */
	wait_cycles(100);
	EXPECT(ADC_SR(ADC1), 0);
	ADC_CR2(ADC1) = ADC_CR2_ADON;
	by_hand("press");                 /* 3 V at channel 0 */
	EXPECT_WITHIN(convert(), 30, 50); /* 3 + 12 clocks of PCLK2 / 2 */
	EXPECT(ADC_SR(ADC1), ADC_SR_STRT | ADC_SR_EOC);
	EXPECT(ADC_CR2(ADC1), ADC_CR2_ADON);
	EXPECT(ADC_DR(ADC1), 0xFFF);
	EXPECT(ADC_SR(ADC1), ADC_SR_STRT);
	ADC_SR(ADC1) = 0;
	EXPECT(ADC_SR(ADC1), 0);
	REG(ADC1 + 0x10) = 7; /* SMPR2: 480 */
	EXPECT_WITHIN(convert(), 984, 1010);
	(void)ADC_DR(ADC1);
	ADC_CCR = 3u << 16; /* PCLK2 / 8 */
	EXPECT_WITHIN(convert(), 3936, 3960);
	ADC_CR2(ADC1) |= ADC_CR2_ALIGN;
	convert();
	EXPECT(ADC_DR(ADC1), 0xFFF0);
	ADC_CR1(ADC1) = 2u << 24; /* 8 bits */
	ADC_CR2(ADC1) &= ~ADC_CR2_ALIGN;
	convert();
	EXPECT(ADC_DR(ADC1), 0xFF);
	by_hand("release");
	convert();
	EXPECT(ADC_DR(ADC1), 0);
}
