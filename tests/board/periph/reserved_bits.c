/*
 * Bits that a register does not have read as zero whatever is written, and those that it
 * has are kept: a word of ones, and what the manual's description of the register leaves
 * of it.
 */
#include "rule.h"

static const struct row {
	const char *name;
	uint32_t address, kept;
} rows[] = {
	{ "FLASH_ACR", FLASH + 0x00, 0x1F07 },
	{ "PWR_CR", PWR + 0x00, 0x43F3 },
	{ "RCC_AHB1ENR", RCC + 0x30, 0x7E7411FF },
	{ "RCC_AHB2ENR", RCC + 0x34, 0xC1 },
	{ "RCC_AHB3ENR", RCC + 0x38, 0x1 },
	{ "RCC_APB1ENR", RCC + 0x40, 0x36FEC9FF },
	{ "RCC_APB2ENR", RCC + 0x44, 0x00075F33 },
	{ "RCC_AHB1LPENR", RCC + 0x50, 0x7E6791FF },
	{ "RCC_SSCGR", RCC + 0x80, 0xCFFFFFFF },
	{ "RCC_PLLI2SCFGR", RCC + 0x84, 0x70007FC0 },
	{ "GPIOE_OTYPER", GPIOE + 0x04, 0xFFFF },
	{ "GPIOE_OSPEEDR", GPIOE + 0x08, 0xFFFFFFFF },
	{ "GPIOE_ODR", GPIOE + 0x14, 0xFFFF },
	{ "GPIOE_AFRL", GPIOE + 0x20, 0xFFFFFFFF },
	{ "SYSCFG_PMC", SYSCFG + 0x04, BIT(23) },
	{ "SYSCFG_EXTICR1", SYSCFG + 0x08, 0xFFFF },
	{ "SYSCFG_EXTICR4", SYSCFG + 0x14, 0xFFFF },
	{ "EXTI_EMR", EXTI + 0x04, 0x7FFFFF },
	{ "EXTI_RTSR", EXTI + 0x08, 0x7FFFFF },
	{ "EXTI_FTSR", EXTI + 0x0C, 0x7FFFFF },
	{ "DMA1_S0NDTR", DMA1 + 0x14, 0xFFFF },
	{ "DMA1_S0PAR", DMA1 + 0x18, 0xFFFFFFFF },
	{ "ADC1_CR1", ADC1 + 0x04, 0x07C0FFFF },
	{ "ADC1_SMPR1", ADC1 + 0x0C, 0x07FFFFFF },
	{ "ADC1_SMPR2", ADC1 + 0x10, 0x3FFFFFFF },
	{ "ADC1_JOFR1", ADC1 + 0x14, 0xFFF },
	{ "ADC1_HTR", ADC1 + 0x24, 0xFFF },
	{ "ADC1_LTR", ADC1 + 0x28, 0xFFF },
	{ "ADC1_SQR1", ADC1 + 0x2C, 0x00FFFFFF },
	{ "ADC1_SQR2", ADC1 + 0x30, 0x3FFFFFFF },
	{ "ADC1_SQR3", ADC1 + 0x34, 0x3FFFFFFF },
	{ "ADC1_JSQR", ADC1 + 0x38, 0x003FFFFF },
	{ "ADC1_JDR1", ADC1 + 0x3C, 0 },
	{ "ADC_CSR", ADC1 + 0x300, 0 },
	{ "ADC_CCR", ADC1 + 0x304, 0x00C3EF1F },
	{ "TIM1_CR2", TIM1 + 0x04, 0x7FFD },
	{ "TIM1_DIER", TIM1 + 0x0C, 0x7FFF },
	{ "TIM1_RCR", TIM1 + 0x30, 0xFF },
	{ "TIM1_DCR", TIM1 + 0x48, 0x1F1F },
	{ "TIM1_CCER", TIM1 + 0x20, 0x3FFF },
	{ "TIM3_CR2", TIM3 + 0x04, 0xF8 },
	{ "TIM3_SMCR", TIM3 + 0x08, 0xFFF7 },
	{ "TIM3_DIER", TIM3 + 0x0C, 0x5F5F },
	{ "TIM3_CCMR1", TIM3 + 0x18, 0xFFFF },
	{ "TIM3_CCER", TIM3 + 0x20, 0xBBBB },
	{ "TIM3_PSC", TIM3 + 0x28, 0xFFFF },
	{ "TIM3_ARR", TIM3 + 0x2C, 0xFFFF },
	{ "TIM6_CR2", TIM6 + 0x04, 0x70 },
	{ "TIM6_SMCR", TIM6 + 0x08, 0 },
	{ "TIM6_DIER", TIM6 + 0x0C, 0x101 },
	{ "TIM6_CCER", TIM6 + 0x20, 0 },
	{ "TIM9_SMCR", TIM9 + 0x08, 0xF7 },
	{ "TIM9_DIER", TIM9 + 0x0C, 0x47 },
	{ "TIM9_CCER", TIM9 + 0x20, 0xBB },
	{ "TIM10_DIER", TIM10 + 0x0C, 0x3 },
	{ "TIM10_CCER", TIM10 + 0x20, 0xB },
	{ "WWDG_CFR", WWDG + 0x04, 0x3FF },
	{ "RNG_CR", RNG + 0x00, 0xC },
	{ "SPI1_CR2", SPI1 + 0x04, 0xF7 },
	{ "SPI1_CRCPR", SPI1 + 0x10, 0xFFFF },
	{ "SPI1_RXCRCR", SPI1 + 0x14, 0 },
	{ "DAC_DHR12R1", DAC + 0x08, 0xFFF },
	{ "DAC_DHR12L2", DAC + 0x18, 0xFFF0 },
	{ "DAC_DHR12RD", DAC + 0x20, 0x0FFF0FFF },
	{ "DAC_DHR8RD", DAC + 0x28, 0xFFFF },
	{ "SPI2_I2SPR", SPI2 + 0x20, 0x3FF },
	{ "SPI2_I2SCFGR", SPI2 + 0x1C, 0xFBF },
	{ "I2C1_CR2", I2C1 + 0x04, 0x1F3F },
	{ "I2C1_OAR2", I2C1 + 0x0C, 0xFF },
	{ "I2C1_SR2", I2C1 + 0x18, 0 },
	{ "I2C1_CCR", I2C1 + 0x1C, 0xCFFF },
	{ "I2C1_TRISE", I2C1 + 0x20, 0x3F },
	{ "USART3_BRR", USART3 + 0x08, 0xFFFF },
	{ "USART3_CR2", USART3 + 0x10, 0x7F6F },
	{ "USART3_CR3", USART3 + 0x14, 0xFFF },
	{ "USART3_GTPR", USART3 + 0x18, 0xFFFF },
	{ "CRC_IDR", CRC + 0x04, 0xFF },
};

void rule(void)
{
	RCC_AHB1ENR = RCC_AHB2ENR = RCC_AHB3ENR = 0xFFFFFFFF;
	RCC_APB1ENR = RCC_APB2ENR = 0xFFFFFFFF;
	irqs_off();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		REG(rows[i].address) = 0xFFFFFFFF;
		expect_of(__LINE__, "what is kept", rows[i].name, REG(rows[i].address),
			  rows[i].kept);
	}
}
