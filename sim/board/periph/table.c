/*
 * The memory map of the STM32F407: RM0090 table 1 for the addresses, 7.3 for the bits of
 * the RCC, table 61 for the interrupts.
 */
#include "core/mcu.h"
#include "table.h"

#include <string.h>

#define NONE                                                                             \
	{                                                                                \
		-1, -1, -1, -1                                                           \
	}

/* clang-format off */
const struct periph_row periph_table[] = {
	{ "TIM2",   0x40000000, 0x400, PERIPH_APB1,  0, { 28, -1, -1, -1 }, 2, &tim_class },
	{ "TIM3",   0x40000400, 0x400, PERIPH_APB1,  1, { 29, -1, -1, -1 }, 3, &tim_class },
	{ "TIM4",   0x40000800, 0x400, PERIPH_APB1,  2, { 30, -1, -1, -1 }, 4, &tim_class },
	{ "TIM5",   0x40000C00, 0x400, PERIPH_APB1,  3, { 50, -1, -1, -1 }, 5, &tim_class },
	{ "TIM6",   0x40001000, 0x400, PERIPH_APB1,  4, { 54, -1, -1, -1 }, 6, &tim_class },
	{ "TIM7",   0x40001400, 0x400, PERIPH_APB1,  5, { 55, -1, -1, -1 }, 7, &tim_class },
	{ "TIM12",  0x40001800, 0x400, PERIPH_APB1,  6, { 43, -1, -1, -1 }, 12, &tim_class },
	{ "TIM13",  0x40001C00, 0x400, PERIPH_APB1,  7, { 44, -1, -1, -1 }, 13, &tim_class },
	{ "TIM14",  0x40002000, 0x400, PERIPH_APB1,  8, { 45, -1, -1, -1 }, 14, &tim_class },
	{ "RTC",    0x40002800, 0x400, PERIPH_APB1, -1, { 3, 41, 2, -1 }, 0, &rtc_class },
	{ "WWDG",   0x40002C00, 0x400, PERIPH_APB1, 11, { 0, -1, -1, -1 }, 0, &wwdg_class },
	{ "IWDG",   0x40003000, 0x400, PERIPH_APB1, -1, NONE, 0, &iwdg_class },
	{ "I2S2ext", 0x40003400, 0x400, PERIPH_APB1, 14, NONE, 2, &i2s_ext_class },
	{ "SPI2",   0x40003800, 0x400, PERIPH_APB1, 14, { 36, -1, -1, -1 }, 2, &spi_class },
	{ "SPI3",   0x40003C00, 0x400, PERIPH_APB1, 15, { 51, -1, -1, -1 }, 3, &spi_class },
	{ "I2S3ext", 0x40004000, 0x400, PERIPH_APB1, 15, NONE, 3, &i2s_ext_class },
	{ "USART2", 0x40004400, 0x400, PERIPH_APB1, 17, { 38, -1, -1, -1 }, 2, &usart_class },
	{ "USART3", 0x40004800, 0x400, PERIPH_APB1, 18, { 39, -1, -1, -1 }, 3, &usart_class },
	{ "UART4",  0x40004C00, 0x400, PERIPH_APB1, 19, { 52, -1, -1, -1 }, 4, &usart_class },
	{ "UART5",  0x40005000, 0x400, PERIPH_APB1, 20, { 53, -1, -1, -1 }, 5, &usart_class },
	{ "I2C1",   0x40005400, 0x400, PERIPH_APB1, 21, { 31, 32, -1, -1 }, 1, &i2c_class },
	{ "I2C2",   0x40005800, 0x400, PERIPH_APB1, 22, { 33, 34, -1, -1 }, 2, &i2c_class },
	{ "I2C3",   0x40005C00, 0x400, PERIPH_APB1, 23, { 72, 73, -1, -1 }, 3, &i2c_class },
	{ "CAN1",   0x40006400, 0x400, PERIPH_APB1, 25, { 19, 20, 21, 22 }, 1, &can1_class },
	{ "CAN2",   0x40006800, 0x400, PERIPH_APB1, 26, { 63, 64, 65, 66 }, 2, &can2_class },
	{ "PWR",    0x40007000, 0x400, PERIPH_APB1, 28, { 1, -1, -1, -1 }, 0, &pwr_class },
	{ "DAC",    0x40007400, 0x400, PERIPH_APB1, 29, { 54, -1, -1, -1 }, 0, &dac_class },
	{ "TIM1",   0x40010000, 0x400, PERIPH_APB2,  0, { 24, 25, 26, 27 }, 1, &tim_class },
	{ "TIM8",   0x40010400, 0x400, PERIPH_APB2,  1, { 43, 44, 45, 46 }, 8, &tim_class },
	{ "USART1", 0x40011000, 0x400, PERIPH_APB2,  4, { 37, -1, -1, -1 }, 1, &usart_class },
	{ "USART6", 0x40011400, 0x400, PERIPH_APB2,  5, { 71, -1, -1, -1 }, 6, &usart_class },
	/* ADC1 to 3 and their common registers, under the clock bit of ADC1 */
	{ "ADC",    0x40012000, 0x400, PERIPH_APB2,  8, { 18, -1, -1, -1 }, 0, &adc_class },
	{ "SDIO",   0x40012C00, 0x400, PERIPH_APB2, 11, { 49, -1, -1, -1 }, 0, &sdio_class },
	{ "SPI1",   0x40013000, 0x400, PERIPH_APB2, 12, { 35, -1, -1, -1 }, 1, &spi_class },
	{ "SYSCFG", 0x40013800, 0x400, PERIPH_APB2, 14, NONE, 0, &syscfg_class },
	{ "EXTI",   0x40013C00, 0x400, PERIPH_APB2, -1, NONE, 0, &exti_class },
	{ "TIM9",   0x40014000, 0x400, PERIPH_APB2, 16, { 24, -1, -1, -1 }, 9, &tim_class },
	{ "TIM10",  0x40014400, 0x400, PERIPH_APB2, 17, { 25, -1, -1, -1 }, 10, &tim_class },
	{ "TIM11",  0x40014800, 0x400, PERIPH_APB2, 18, { 26, -1, -1, -1 }, 11, &tim_class },
	{ "GPIOA",  0x40020000, 0x400, PERIPH_AHB1,  0, NONE, 0, &gpio_class },
	{ "GPIOB",  0x40020400, 0x400, PERIPH_AHB1,  1, NONE, 1, &gpio_class },
	{ "GPIOC",  0x40020800, 0x400, PERIPH_AHB1,  2, NONE, 2, &gpio_class },
	{ "GPIOD",  0x40020C00, 0x400, PERIPH_AHB1,  3, NONE, 3, &gpio_class },
	{ "GPIOE",  0x40021000, 0x400, PERIPH_AHB1,  4, NONE, 4, &gpio_class },
	{ "GPIOF",  0x40021400, 0x400, PERIPH_AHB1,  5, NONE, 5, &gpio_class },
	{ "GPIOG",  0x40021800, 0x400, PERIPH_AHB1,  6, NONE, 6, &gpio_class },
	{ "GPIOH",  0x40021C00, 0x400, PERIPH_AHB1,  7, NONE, 7, &gpio_class },
	{ "GPIOI",  0x40022000, 0x400, PERIPH_AHB1,  8, NONE, 8, &gpio_class },
	{ "CRC",    0x40023000, 0x400, PERIPH_AHB1, 12, NONE, 0, &crc_class },
	{ "RCC",    0x40023800, 0x400, PERIPH_AHB1, -1, { 5, -1, -1, -1 }, 0, &rcc_class },
	{ "FLASH",  0x40023C00, 0x400, PERIPH_AHB1, -1, { 4, -1, -1, -1 }, 0, &flitf_class },
	{ "BKPSRAM", 0x40024000, 0x1000, PERIPH_AHB1, 18, NONE, 0, &bkpsram_class },
	/* the interrupts of the streams are DMA's own affair */
	{ "DMA1",   0x40026000, 0x400, PERIPH_AHB1, 21, NONE, 1, &dma_class },
	{ "DMA2",   0x40026400, 0x400, PERIPH_AHB1, 22, NONE, 2, &dma_class },
	{ "ETH",    0x40028000, 0x1400, PERIPH_AHB1, 25, { 61, 62, -1, -1 }, 0, &eth_class },
	{ "OTG_HS", 0x40040000, 0x40000, PERIPH_AHB1, 29, { 77, 76, 75, 74 }, 1, &otg_class },
	{ "OTG_FS", 0x50000000, 0x40000, PERIPH_AHB2,  7, { 67, 42, -1, -1 }, 0, &otg_class },
	{ "DCMI",   0x50050000, 0x400, PERIPH_AHB2,  0, { 78, -1, -1, -1 }, 0, &dcmi_class },
	{ "RNG",    0x50060800, 0x400, PERIPH_AHB2,  6, { 80, -1, -1, -1 }, 0, &rng_class },
	{ "FSMC",   0xA0000000, 0x1000, PERIPH_AHB3,  0, { 48, -1, -1, -1 }, 0, &fsmc_class },
	/* on the private bus of the core, but the vendor's */
	{ "DBGMCU", 0xE0042000, 0x400, PERIPH_AHB1, -1, NONE, 0, &dbgmcu_class },
};
/* clang-format on */

const size_t periph_count = sizeof(periph_table) / sizeof(periph_table[0]);

const struct periph_row *periph_find(const char *name)
{
	for (size_t i = 0; i < periph_count; i++)
		if (strcmp(periph_table[i].name, name) == 0)
			return &periph_table[i];
	return NULL;
}
