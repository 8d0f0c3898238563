/*
 * A sequence into memory by DMA; a result that nobody takes is an overrun; the watchdog;
 * an injected channel beside (RM0090 13.3.5, 13.3.7, 13.8).
 */
#include "rule.h"

static uint16_t results[3];
static volatile uint32_t seen;

static void on_adc(void)
{
	seen = ADC_SR(ADC1);
	ADC_SR(ADC1) = 0;
}

static void scan_by_dma(void)
{
	ADC_CR1(ADC1) = ADC_CR1_SCAN;
	ADC_SQR1(ADC1) = 2u << 20; /* three */
	ADC_SQR3(ADC1) = ADC_VREFINT | 0u << 5 | ADC_TEMPERATURE << 10;
	DMA_SPAR(DMA2, 0) = ADC1 + 0x4C;
	DMA_SM0AR(DMA2, 0) = (uint32_t)(uintptr_t)results;
	DMA_SNDTR(DMA2, 0) = 3;
	DMA_SCR(DMA2, 0) = DMA_PSIZE(1u) | DMA_MSIZE(1u) | DMA_MINC | DMA_EN;
	ADC_CR2(ADC1) = ADC_CR2_ADON | ADC_CR2_DMA;
	ADC_CR2(ADC1) |= ADC_CR2_SWSTART;
	EXPECT(COMES(DMA_LISR(DMA2) & DMA_TCIF, 3 * 1000), true);
	EXPECT_WITHIN(results[0], 1600, 1700);
	EXPECT(results[1], 0);
	EXPECT_WITHIN(results[2], 950, 1100);
	EXPECT(ADC_SR(ADC1) & ADC_SR_OVR, 0);
	/* the next one has nobody to take it */
	ADC_CR2(ADC1) |= ADC_CR2_SWSTART;
	EXPECT(COMES(ADC_SR(ADC1) & ADC_SR_OVR, 3 * 1000), true);
}

void rule(void)
{
	RCC_AHB1ENR |= BIT(0) | BIT(22);
	RCC_APB2ENR |= BIT(8);
	pin_mode(GPIOA, 0, 3);
	ADC_CCR = ADC_CCR_TSVREFE;
	scan_by_dma();
	ADC_CR2(ADC1) = 0;
	ADC_SR(ADC1) = 0;

	/* the watchdog, of all channels, with its interrupt */
	on_irq(ADC_IRQ, on_adc);
	ADC_SQR1(ADC1) = 0;
	ADC_CR1(ADC1) = BIT(23) | BIT(6); /* AWDEN, AWDIE */
	ADC_HTR(ADC1) = 1700;
	ADC_LTR(ADC1) = 1600;
	ADC_CR2(ADC1) = ADC_CR2_ADON;
	ADC_CR2(ADC1) |= ADC_CR2_SWSTART;
	EXPECT(COMES(ADC_SR(ADC1) & ADC_SR_EOC, 1000), true);
	EXPECT(seen, 0);
	ADC_LTR(ADC1) = 1690;
	ADC_CR2(ADC1) |= ADC_CR2_SWSTART;
	EXPECT(COMES(seen, 1000), true);
	EXPECT(seen & ADC_SR_AWD, ADC_SR_AWD);
	/* an injected conversion has a register of its own */
	ADC_CR1(ADC1) = 0;
	ADC_JSQR(ADC1) = ADC_TEMPERATURE << 15;
	ADC_CR2(ADC1) |= ADC_CR2_JSWSTART;
	EXPECT(COMES(ADC_SR(ADC1) & ADC_SR_JEOC, 1000), true);
	EXPECT_WITHIN(ADC_JDR1(ADC1), 950, 1100);
	EXPECT(ADC_SR(ADC1) & BIT(3), BIT(3)); /* JSTRT */
}
