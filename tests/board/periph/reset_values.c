/* Each register's reset value, as the manual gives it at its description. */
#include "rule.h"

struct row {
	const char *name;
	uint32_t address, reset;
	uint32_t undefined; /* bits that the manual gives no value for */
};

/* clang-format off */
#define GPIO_ROWS(x, moder, ospeedr, pupdr) \
	{ #x "_MODER", x + 0x00, moder, 0 }, { #x "_OTYPER", x + 0x04, 0, 0 }, \
	{ #x "_OSPEEDR", x + 0x08, ospeedr, 0 }, { #x "_PUPDR", x + 0x0C, pupdr, 0 }, \
	{ #x "_IDR", x + 0x10, 0, 0xFFFF }, { #x "_ODR", x + 0x14, 0, 0 }, \
	{ #x "_BSRR", x + 0x18, 0, 0 }, { #x "_LCKR", x + 0x1C, 0, 0 }, \
	{ #x "_AFRL", x + 0x20, 0, 0 }, { #x "_AFRH", x + 0x24, 0, 0 }

#define TIM_BASIC_ROWS(x, arr) \
	{ #x "_CR1", x + 0x00, 0, 0 }, { #x "_DIER", x + 0x0C, 0, 0 }, \
	{ #x "_SR", x + 0x10, 0, 0 }, { #x "_EGR", x + 0x14, 0, 0 }, \
	{ #x "_CNT", x + 0x24, 0, 0 }, { #x "_PSC", x + 0x28, 0, 0 }, \
	{ #x "_ARR", x + 0x2C, arr, 0 }
#define TIM_ONE_ROWS(x, arr) TIM_BASIC_ROWS(x, arr), \
	{ #x "_CCMR1", x + 0x18, 0, 0 }, { #x "_CCER", x + 0x20, 0, 0 }, \
	{ #x "_CCR1", x + 0x34, 0, 0 }
#define TIM_TWO_ROWS(x, arr) TIM_ONE_ROWS(x, arr), \
	{ #x "_SMCR", x + 0x08, 0, 0 }, { #x "_CCR2", x + 0x38, 0, 0 }
#define TIM_FOUR_ROWS(x, arr) TIM_TWO_ROWS(x, arr), \
	{ #x "_CR2", x + 0x04, 0, 0 }, { #x "_CCMR2", x + 0x1C, 0, 0 }, \
	{ #x "_CCR3", x + 0x3C, 0, 0 }, { #x "_CCR4", x + 0x40, 0, 0 }, \
	{ #x "_DCR", x + 0x48, 0, 0 }, { #x "_DMAR", x + 0x4C, 0, 0 }
#define TIM_ADVANCED_ROWS(x) TIM_FOUR_ROWS(x, 0xFFFF), \
	{ #x "_RCR", x + 0x30, 0, 0 }, { #x "_BDTR", x + 0x44, 0, 0 }

#define UART_ROWS(x) \
	{ #x "_SR", x + 0x00, 0xC0, 0 }, { #x "_DR", x + 0x04, 0, 0x1FF }, \
	{ #x "_BRR", x + 0x08, 0, 0 }, { #x "_CR1", x + 0x0C, 0, 0 }, \
	{ #x "_CR2", x + 0x10, 0, 0 }, { #x "_CR3", x + 0x14, 0, 0 }
#define USART_ROWS(x) UART_ROWS(x), { #x "_GTPR", x + 0x18, 0, 0 }

#define SPI_ROWS(x) \
	{ #x "_CR1", x + 0x00, 0, 0 }, { #x "_CR2", x + 0x04, 0, 0 }, \
	{ #x "_SR", x + 0x08, 2, 0 }, { #x "_DR", x + 0x0C, 0, 0 }, \
	{ #x "_CRCPR", x + 0x10, 7, 0 }, { #x "_RXCRCR", x + 0x14, 0, 0 }, \
	{ #x "_TXCRCR", x + 0x18, 0, 0 }, { #x "_I2SCFGR", x + 0x1C, 0, 0 }, \
	{ #x "_I2SPR", x + 0x20, 2, 0 }

#define I2C_ROWS(x) \
	{ #x "_CR1", x + 0x00, 0, 0 }, { #x "_CR2", x + 0x04, 0, 0 }, \
	{ #x "_OAR1", x + 0x08, 0, 0 }, { #x "_OAR2", x + 0x0C, 0, 0 }, \
	{ #x "_DR", x + 0x10, 0, 0 }, { #x "_SR1", x + 0x14, 0, 0 }, \
	{ #x "_SR2", x + 0x18, 0, 0 }, { #x "_CCR", x + 0x1C, 0, 0 }, \
	{ #x "_TRISE", x + 0x20, 2, 0 }

#define ADC_ROWS(x) \
	{ #x "_SR", x + 0x00, 0, 0 }, { #x "_CR1", x + 0x04, 0, 0 }, \
	{ #x "_CR2", x + 0x08, 0, 0 }, { #x "_SMPR1", x + 0x0C, 0, 0 }, \
	{ #x "_SMPR2", x + 0x10, 0, 0 }, { #x "_JOFR1", x + 0x14, 0, 0 }, \
	{ #x "_JOFR4", x + 0x20, 0, 0 }, { #x "_HTR", x + 0x24, 0xFFF, 0 }, \
	{ #x "_LTR", x + 0x28, 0, 0 }, { #x "_SQR1", x + 0x2C, 0, 0 }, \
	{ #x "_SQR2", x + 0x30, 0, 0 }, { #x "_SQR3", x + 0x34, 0, 0 }, \
	{ #x "_JSQR", x + 0x38, 0, 0 }, { #x "_JDR1", x + 0x3C, 0, 0 }, \
	{ #x "_JDR4", x + 0x48, 0, 0 }, { #x "_DR", x + 0x4C, 0, 0 }

#define DMA_STREAM_ROWS(x, n) \
	{ #x "_S" #n "CR", x + 0x10 + 0x18 * n, 0, 0 }, \
	{ #x "_S" #n "NDTR", x + 0x14 + 0x18 * n, 0, 0 }, \
	{ #x "_S" #n "PAR", x + 0x18 + 0x18 * n, 0, 0 }, \
	{ #x "_S" #n "M0AR", x + 0x1C + 0x18 * n, 0, 0 }, \
	{ #x "_S" #n "M1AR", x + 0x20 + 0x18 * n, 0, 0 }, \
	{ #x "_S" #n "FCR", x + 0x24 + 0x18 * n, 0x21, 0 }
#define DMA_ROWS(x) \
	{ #x "_LISR", x + 0x00, 0, 0 }, { #x "_HISR", x + 0x04, 0, 0 }, \
	{ #x "_LIFCR", x + 0x08, 0, 0 }, { #x "_HIFCR", x + 0x0C, 0, 0 }, \
	DMA_STREAM_ROWS(x, 0), DMA_STREAM_ROWS(x, 1), DMA_STREAM_ROWS(x, 2), \
	DMA_STREAM_ROWS(x, 3), DMA_STREAM_ROWS(x, 4), DMA_STREAM_ROWS(x, 5), \
	DMA_STREAM_ROWS(x, 6), DMA_STREAM_ROWS(x, 7)

#define RTC_BKPR_ROWS(n) \
	{ "RTC_BKP" #n "R", RTC + 0x50 + 4 * n, 0, 0 }

/* 7.3: of a chip whose power just came */
static const struct row rcc_rows[] = {
	{ "RCC_CR", RCC + 0x00, 0x83, 0xFF00 },
	{ "RCC_PLLCFGR", RCC + 0x04, 0x24003010, 0 },
	{ "RCC_CFGR", RCC + 0x08, 0, 0 }, { "RCC_CIR", RCC + 0x0C, 0, 0 },
	{ "RCC_AHB1RSTR", RCC + 0x10, 0, 0 }, { "RCC_AHB2RSTR", RCC + 0x14, 0, 0 },
	{ "RCC_AHB3RSTR", RCC + 0x18, 0, 0 }, { "RCC_APB1RSTR", RCC + 0x20, 0, 0 },
	{ "RCC_APB2RSTR", RCC + 0x24, 0, 0 },
	{ "RCC_AHB1ENR", RCC + 0x30, 0x00100000, 0 },
	{ "RCC_AHB2ENR", RCC + 0x34, 0, 0 }, { "RCC_AHB3ENR", RCC + 0x38, 0, 0 },
	{ "RCC_APB1ENR", RCC + 0x40, 0, 0 }, { "RCC_APB2ENR", RCC + 0x44, 0, 0 },
	{ "RCC_AHB1LPENR", RCC + 0x50, 0x7E6791FF, 0 },
	{ "RCC_AHB2LPENR", RCC + 0x54, 0xF1, 0 },
	{ "RCC_AHB3LPENR", RCC + 0x58, 1, 0 },
	{ "RCC_APB1LPENR", RCC + 0x60, 0x36FEC9FF, 0 },
	{ "RCC_APB2LPENR", RCC + 0x64, 0x00075F33, 0 }, { "RCC_BDCR", RCC + 0x70, 0, 0 },
	{ "RCC_CSR", RCC + 0x74, 0x0E000000, 0 }, { "RCC_SSCGR", RCC + 0x80, 0, 0 },
	{ "RCC_PLLI2SCFGR", RCC + 0x84, 0x20003000, 0 },
};

static const struct row rows[] = {
	{ "FLASH_ACR", FLASH + 0x00, 0, 0 }, { "FLASH_KEYR", FLASH + 0x04, 0, 0 },
	{ "FLASH_OPTKEYR", FLASH + 0x08, 0, 0 }, { "FLASH_SR", FLASH + 0x0C, 0, 0 },
	{ "FLASH_CR", FLASH + 0x10, 0x80000000, 0 },
	{ "FLASH_OPTCR", FLASH + 0x14, 0x0FFFAAED, 0 },
	{ "CRC_DR", CRC + 0x00, 0xFFFFFFFF, 0 }, { "CRC_IDR", CRC + 0x04, 0, 0 },
	{ "CRC_CR", CRC + 0x08, 0, 0 },
	/* VOSRDY follows the regulator */
	{ "PWR_CR", PWR + 0x00, 0x4000, 0 }, { "PWR_CSR", PWR + 0x04, 0, BIT(14) },
	GPIO_ROWS(GPIOA, 0xA8000000, 0x0C000000, 0x64000000),
	GPIO_ROWS(GPIOB, 0x00000280, 0x000000C0, 0x00000100),
	GPIO_ROWS(GPIOC, 0, 0, 0), GPIO_ROWS(GPIOD, 0, 0, 0), GPIO_ROWS(GPIOE, 0, 0, 0),
	GPIO_ROWS(GPIOF, 0, 0, 0), GPIO_ROWS(GPIOG, 0, 0, 0), GPIO_ROWS(GPIOH, 0, 0, 0),
	GPIO_ROWS(GPIOI, 0, 0, 0),
	{ "SYSCFG_MEMRMP", SYSCFG + 0x00, 0, 0 }, { "SYSCFG_PMC", SYSCFG + 0x04, 0, 0 },
	{ "SYSCFG_EXTICR1", SYSCFG + 0x08, 0, 0 },
	{ "SYSCFG_EXTICR2", SYSCFG + 0x0C, 0, 0 },
	{ "SYSCFG_EXTICR3", SYSCFG + 0x10, 0, 0 },
	{ "SYSCFG_EXTICR4", SYSCFG + 0x14, 0, 0 },
	{ "SYSCFG_CMPCR", SYSCFG + 0x20, 0, 0 },
	DMA_ROWS(DMA1), DMA_ROWS(DMA2),
	{ "EXTI_IMR", EXTI + 0x00, 0, 0 }, { "EXTI_EMR", EXTI + 0x04, 0, 0 },
	{ "EXTI_RTSR", EXTI + 0x08, 0, 0 }, { "EXTI_FTSR", EXTI + 0x0C, 0, 0 },
	{ "EXTI_SWIER", EXTI + 0x10, 0, 0 }, { "EXTI_PR", EXTI + 0x14, 0, 0 },
	ADC_ROWS(ADC1), ADC_ROWS(ADC2), ADC_ROWS(ADC3),
	{ "ADC_CSR", ADC1 + 0x300, 0, 0 }, { "ADC_CCR", ADC1 + 0x304, 0, 0 },
	{ "ADC_CDR", ADC1 + 0x308, 0, 0 },
	{ "DAC_CR", DAC + 0x00, 0, 0 }, { "DAC_SWTRIGR", DAC + 0x04, 0, 0 },
	{ "DAC_DHR12R1", DAC + 0x08, 0, 0 }, { "DAC_DHR12L1", DAC + 0x0C, 0, 0 },
	{ "DAC_DHR8R1", DAC + 0x10, 0, 0 }, { "DAC_DHR12R2", DAC + 0x14, 0, 0 },
	{ "DAC_DHR12L2", DAC + 0x18, 0, 0 }, { "DAC_DHR8R2", DAC + 0x1C, 0, 0 },
	{ "DAC_DHR12RD", DAC + 0x20, 0, 0 }, { "DAC_DHR12LD", DAC + 0x24, 0, 0 },
	{ "DAC_DHR8RD", DAC + 0x28, 0, 0 }, { "DAC_DOR1", DAC + 0x2C, 0, 0 },
	{ "DAC_DOR2", DAC + 0x30, 0, 0 }, { "DAC_SR", DAC + 0x34, 0, 0 },
	TIM_ADVANCED_ROWS(TIM1), TIM_ADVANCED_ROWS(TIM8),
	TIM_FOUR_ROWS(TIM2, 0xFFFFFFFF), TIM_FOUR_ROWS(TIM5, 0xFFFFFFFF),
	TIM_FOUR_ROWS(TIM3, 0xFFFF), TIM_FOUR_ROWS(TIM4, 0xFFFF),
	{ "TIM2_OR", TIM2 + 0x50, 0, 0 }, { "TIM5_OR", TIM5 + 0x50, 0, 0 },
	TIM_TWO_ROWS(TIM9, 0xFFFF), TIM_TWO_ROWS(TIM12, 0xFFFF),
	TIM_ONE_ROWS(TIM10, 0xFFFF), TIM_ONE_ROWS(TIM11, 0xFFFF),
	TIM_ONE_ROWS(TIM13, 0xFFFF), TIM_ONE_ROWS(TIM14, 0xFFFF),
	{ "TIM11_OR", TIM11 + 0x50, 0, 0 },
	TIM_BASIC_ROWS(TIM6, 0xFFFF), TIM_BASIC_ROWS(TIM7, 0xFFFF),
	{ "TIM6_CR2", TIM6 + 0x04, 0, 0 }, { "TIM7_CR2", TIM7 + 0x04, 0, 0 },
	{ "IWDG_KR", IWDG + 0x00, 0, 0 }, { "IWDG_PR", IWDG + 0x04, 0, 0 },
	{ "IWDG_RLR", IWDG + 0x08, 0xFFF, 0 }, { "IWDG_SR", IWDG + 0x0C, 0, 0 },
	{ "WWDG_CFR", WWDG + 0x04, 0x7F, 0 }, { "WWDG_SR", WWDG + 0x08, 0, 0 },
	{ "RNG_CR", RNG + 0x00, 0, 0 }, { "RNG_SR", RNG + 0x04, 0, 0 },
	{ "RNG_DR", RNG + 0x08, 0, 0 },
	{ "RTC_TR", RTC + 0x00, 0, 0 }, { "RTC_DR", RTC + 0x04, 0x2101, 0 },
	{ "RTC_CR", RTC + 0x08, 0, 0 }, { "RTC_ISR", RTC + 0x0C, 0x7, 0 },
	{ "RTC_PRER", RTC + 0x10, 0x007F00FF, 0 }, { "RTC_WUTR", RTC + 0x14, 0xFFFF, 0 },
	{ "RTC_CALIBR", RTC + 0x18, 0, 0 }, { "RTC_ALRMAR", RTC + 0x1C, 0, 0 },
	{ "RTC_ALRMBR", RTC + 0x20, 0, 0 }, { "RTC_WPR", RTC + 0x24, 0, 0 },
	{ "RTC_SSR", RTC + 0x28, 0, 0 }, { "RTC_SHIFTR", RTC + 0x2C, 0, 0 },
	{ "RTC_TSTR", RTC + 0x30, 0, 0 }, { "RTC_TSDR", RTC + 0x34, 0, 0 },
	{ "RTC_TSSSR", RTC + 0x38, 0, 0 }, { "RTC_CALR", RTC + 0x3C, 0, 0 },
	{ "RTC_TAFCR", RTC + 0x40, 0, 0 }, { "RTC_ALRMASSR", RTC + 0x44, 0, 0 },
	{ "RTC_ALRMBSSR", RTC + 0x48, 0, 0 },
	RTC_BKPR_ROWS(0), RTC_BKPR_ROWS(1), RTC_BKPR_ROWS(18), RTC_BKPR_ROWS(19),
	I2C_ROWS(I2C1), I2C_ROWS(I2C2), I2C_ROWS(I2C3),
	SPI_ROWS(SPI1), SPI_ROWS(SPI2), SPI_ROWS(SPI3),
	USART_ROWS(USART1), USART_ROWS(USART2), USART_ROWS(USART3),
	UART_ROWS(UART4), UART_ROWS(UART5), USART_ROWS(USART6),
	/* 38.6: of the identity the device is certain, the revision is the chip's */
	{ "DBGMCU_IDCODE", DBGMCU + 0x00, 0x413, 0xFFFFF000 },
	{ "DBGMCU_CR", DBGMCU + 0x04, 0, 0 },
	{ "DBGMCU_APB1_FZ", DBGMCU + 0x08, 0, 0 },
	{ "DBGMCU_APB2_FZ", DBGMCU + 0x0C, 0, 0 },
};
/* clang-format on */

static void hold(const struct row *row, unsigned count)
{
	for (; count > 0; count--, row++)
		expect_of(__LINE__, "reset value", row->name,
			  REG(row->address) & ~row->undefined, row->reset);
}

void rule(void)
{
	hold(rcc_rows, sizeof(rcc_rows) / sizeof(rcc_rows[0]));
	RCC_AHB1ENR = RCC_AHB2ENR = RCC_AHB3ENR = 0xFFFFFFFF;
	RCC_APB1ENR = RCC_APB2ENR = 0xFFFFFFFF;
	/* it counts down from now on */
	EXPECT(WWDG_CR, 0x7F);
	hold(rows, sizeof(rows) / sizeof(rows[0]));
}
