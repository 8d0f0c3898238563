/*
 * The registers of the STM32F407 by the names of its reference manual, RM0090, as far as
 * the programs here use them. Where the manual has an x in a name, the macro takes what
 * is to be in its place: an instance's base, or a number.
 */
#ifndef RM0090_H
#define RM0090_H

#include <stdint.h>

#define REG(address)       (*(volatile uint32_t *)(uintptr_t)(address))
#define HALFWORD(address)  (*(volatile uint16_t *)(uintptr_t)(address))
#define BYTE(address)      (*(volatile uint8_t *)(uintptr_t)(address))
#define BIT(n)             (1u << (n))
#define BITBAND(base, bit) REG(0x42000000u + ((base)-0x40000000u) * 32 + (bit)*4)

/* 2.3, table 1 */
#define TIM2    0x40000000u
#define TIM3    0x40000400u
#define TIM4    0x40000800u
#define TIM5    0x40000C00u
#define TIM6    0x40001000u
#define TIM7    0x40001400u
#define TIM12   0x40001800u
#define TIM13   0x40001C00u
#define TIM14   0x40002000u
#define RTC     0x40002800u
#define WWDG    0x40002C00u
#define IWDG    0x40003000u
#define SPI2    0x40003800u
#define SPI3    0x40003C00u
#define USART2  0x40004400u
#define USART3  0x40004800u
#define UART4   0x40004C00u
#define UART5   0x40005000u
#define I2C1    0x40005400u
#define I2C2    0x40005800u
#define I2C3    0x40005C00u
#define CAN1    0x40006400u
#define PWR     0x40007000u
#define DAC     0x40007400u
#define TIM1    0x40010000u
#define TIM8    0x40010400u
#define USART1  0x40011000u
#define USART6  0x40011400u
#define ADC1    0x40012000u
#define ADC2    0x40012100u
#define ADC3    0x40012200u
#define SDIO    0x40012C00u
#define SPI1    0x40013000u
#define SYSCFG  0x40013800u
#define EXTI    0x40013C00u
#define TIM9    0x40014000u
#define TIM10   0x40014400u
#define TIM11   0x40014800u
#define GPIOA   0x40020000u
#define GPIOB   0x40020400u
#define GPIOC   0x40020800u
#define GPIOD   0x40020C00u
#define GPIOE   0x40021000u
#define GPIOF   0x40021400u
#define GPIOG   0x40021800u
#define GPIOH   0x40021C00u
#define GPIOI   0x40022000u
#define CRC     0x40023000u
#define RCC     0x40023800u
#define FLASH   0x40023C00u
#define BKPSRAM 0x40024000u
#define DMA1    0x40026000u
#define DMA2    0x40026400u
#define RNG     0x50060800u
#define DBGMCU  0xE0042000u

/* 3.9 */
#define FLASH_ACR     REG(FLASH + 0x00)
#define FLASH_KEYR    REG(FLASH + 0x04)
#define FLASH_OPTKEYR REG(FLASH + 0x08)
#define FLASH_SR      REG(FLASH + 0x0C)
#define FLASH_CR      REG(FLASH + 0x10)
#define FLASH_OPTCR   REG(FLASH + 0x14)

#define FLASH_OPTCR_OPTSTRT BIT(1)

#define FLASH_SR_EOP      BIT(0)
#define FLASH_SR_OPERR    BIT(1)
#define FLASH_SR_WRPERR   BIT(4)
#define FLASH_SR_PGPERR   BIT(6)
#define FLASH_SR_PGSERR   BIT(7)
#define FLASH_SR_BSY      BIT(16)
#define FLASH_CR_PG       BIT(0)
#define FLASH_CR_SER      BIT(1)
#define FLASH_CR_MER      BIT(2)
#define FLASH_CR_SNB(n)   ((n) << 3)
#define FLASH_CR_PSIZE_8  0u
#define FLASH_CR_PSIZE_16 BIT(8)
#define FLASH_CR_PSIZE_32 BIT(9)
#define FLASH_CR_STRT     BIT(16)
#define FLASH_CR_EOPIE    BIT(24)
#define FLASH_CR_ERRIE    BIT(25)
#define FLASH_CR_LOCK     BIT(31)

/* 4.4 */
#define CRC_DR  REG(CRC + 0x00)
#define CRC_IDR REG(CRC + 0x04)
#define CRC_CR  REG(CRC + 0x08)

/* 5.4 */
#define PWR_CR  REG(PWR + 0x00)
#define PWR_CSR REG(PWR + 0x04)

#define PWR_CR_PDDS    BIT(1)
#define PWR_CR_CWUF    BIT(2)
#define PWR_CR_CSBF    BIT(3)
#define PWR_CR_DBP     BIT(8)
#define PWR_CR_VOS     BIT(14)
#define PWR_CSR_WUF    BIT(0)
#define PWR_CSR_SBF    BIT(1)
#define PWR_CSR_BRR    BIT(3)
#define PWR_CSR_EWUP   BIT(8)
#define PWR_CSR_BRE    BIT(9)
#define PWR_CSR_VOSRDY BIT(14)

/* 7.3 */
#define RCC_CR         REG(RCC + 0x00)
#define RCC_PLLCFGR    REG(RCC + 0x04)
#define RCC_CFGR       REG(RCC + 0x08)
#define RCC_CIR        REG(RCC + 0x0C)
#define RCC_AHB1RSTR   REG(RCC + 0x10)
#define RCC_AHB2RSTR   REG(RCC + 0x14)
#define RCC_APB1RSTR   REG(RCC + 0x20)
#define RCC_APB2RSTR   REG(RCC + 0x24)
#define RCC_AHB1ENR    REG(RCC + 0x30)
#define RCC_AHB2ENR    REG(RCC + 0x34)
#define RCC_AHB3ENR    REG(RCC + 0x38)
#define RCC_APB1ENR    REG(RCC + 0x40)
#define RCC_APB2ENR    REG(RCC + 0x44)
#define RCC_BDCR       REG(RCC + 0x70)
#define RCC_CSR        REG(RCC + 0x74)
#define RCC_PLLI2SCFGR REG(RCC + 0x84)

#define RCC_CR_HSION     BIT(0)
#define RCC_CR_HSIRDY    BIT(1)
#define RCC_CR_HSEON     BIT(16)
#define RCC_CR_HSERDY    BIT(17)
#define RCC_CR_CSSON     BIT(19)
#define RCC_CR_PLLON     BIT(24)
#define RCC_CR_PLLRDY    BIT(25)
#define RCC_CR_PLLI2SON  BIT(26)
#define RCC_CR_PLLI2SRDY BIT(27)
#define RCC_CFGR_SW      3u
#define RCC_CFGR_SWS     (3u << 2)
#define RCC_CSR_LSION    BIT(0)
#define RCC_CSR_LSIRDY   BIT(1)
#define RCC_CSR_RMVF     BIT(24)
#define RCC_CSR_PINRSTF  BIT(26)
#define RCC_CSR_PORRSTF  BIT(27)
#define RCC_CSR_IWDGRSTF BIT(29)
#define RCC_CSR_WWDGRSTF BIT(30)
#define RCC_CSR_LPWRRSTF BIT(31)

/* 8.4 */
#define GPIO_MODER(port)   REG((port) + 0x00)
#define GPIO_OTYPER(port)  REG((port) + 0x04)
#define GPIO_OSPEEDR(port) REG((port) + 0x08)
#define GPIO_PUPDR(port)   REG((port) + 0x0C)
#define GPIO_IDR(port)     REG((port) + 0x10)
#define GPIO_ODR(port)     REG((port) + 0x14)
#define GPIO_BSRR(port)    REG((port) + 0x18)
#define GPIO_LCKR(port)    REG((port) + 0x1C)
#define GPIO_AFRL(port)    REG((port) + 0x20)
#define GPIO_AFRH(port)    REG((port) + 0x24)

/* 9.2 */
#define SYSCFG_MEMRMP    REG(SYSCFG + 0x00)
#define SYSCFG_PMC       REG(SYSCFG + 0x04)
#define SYSCFG_EXTICR(n) REG(SYSCFG + 0x04 + 4 * (n)) /* 1 to 4 */
#define SYSCFG_CMPCR     REG(SYSCFG + 0x20)

/* 10.5 */
#define DMA_LISR(dma)     REG((dma) + 0x00)
#define DMA_HISR(dma)     REG((dma) + 0x04)
#define DMA_LIFCR(dma)    REG((dma) + 0x08)
#define DMA_HIFCR(dma)    REG((dma) + 0x0C)
#define DMA_SCR(dma, s)   REG((dma) + 0x10 + 0x18 * (s))
#define DMA_SNDTR(dma, s) REG((dma) + 0x14 + 0x18 * (s))
#define DMA_SPAR(dma, s)  REG((dma) + 0x18 + 0x18 * (s))
#define DMA_SM0AR(dma, s) REG((dma) + 0x1C + 0x18 * (s))
#define DMA_SM1AR(dma, s) REG((dma) + 0x20 + 0x18 * (s))
#define DMA_SFCR(dma, s)  REG((dma) + 0x24 + 0x18 * (s))

#define DMA_EN          BIT(0)
#define DMA_TEIE        BIT(2)
#define DMA_HTIE        BIT(3)
#define DMA_TCIE        BIT(4)
#define DMA_FROM_MEMORY BIT(6)
#define DMA_MEMORY      BIT(7)
#define DMA_CIRC        BIT(8)
#define DMA_PINC        BIT(9)
#define DMA_MINC        BIT(10)
#define DMA_PSIZE(log)  ((log) << 11) /* 1, 2 or 4 bytes */
#define DMA_MSIZE(log)  ((log) << 13)
#define DMA_DBM         BIT(18)
#define DMA_CT          BIT(19)
#define DMA_CHSEL(n)    ((n) << 25)
/* Of stream 0 in LISR and stream 4 in HISR */
#define DMA_TEIF BIT(3)
#define DMA_HTIF BIT(4)
#define DMA_TCIF BIT(5)

/* 12.3 */
#define EXTI_IMR   REG(EXTI + 0x00)
#define EXTI_EMR   REG(EXTI + 0x04)
#define EXTI_RTSR  REG(EXTI + 0x08)
#define EXTI_FTSR  REG(EXTI + 0x0C)
#define EXTI_SWIER REG(EXTI + 0x10)
#define EXTI_PR    REG(EXTI + 0x14)

/* 13.13 */
#define ADC_SR(adc)    REG((adc) + 0x00)
#define ADC_CR1(adc)   REG((adc) + 0x04)
#define ADC_CR2(adc)   REG((adc) + 0x08)
#define ADC_SMPR1(adc) REG((adc) + 0x0C)
#define ADC_HTR(adc)   REG((adc) + 0x24)
#define ADC_LTR(adc)   REG((adc) + 0x28)
#define ADC_SQR1(adc)  REG((adc) + 0x2C)
#define ADC_SQR3(adc)  REG((adc) + 0x34)
#define ADC_JSQR(adc)  REG((adc) + 0x38)
#define ADC_JDR1(adc)  REG((adc) + 0x3C)
#define ADC_DR(adc)    REG((adc) + 0x4C)
#define ADC_CCR        REG(ADC1 + 0x304)

#define ADC_SR_AWD       BIT(0)
#define ADC_SR_EOC       BIT(1)
#define ADC_SR_JEOC      BIT(2)
#define ADC_SR_STRT      BIT(4)
#define ADC_SR_OVR       BIT(5)
#define ADC_CR1_EOCIE    BIT(5)
#define ADC_CR1_SCAN     BIT(8)
#define ADC_CR2_ADON     BIT(0)
#define ADC_CR2_CONT     BIT(1)
#define ADC_CR2_DMA      BIT(8)
#define ADC_CR2_EOCS     BIT(10)
#define ADC_CR2_ALIGN    BIT(11)
#define ADC_CR2_JSWSTART BIT(22)
#define ADC_CR2_SWSTART  BIT(30)
#define ADC_CCR_TSVREFE  BIT(23)
#define ADC_TEMPERATURE  16u /* channels, 13.10 and 13.11 */
#define ADC_VREFINT      17u

/* 17.4, 18.4, 19.5, 20.4 */
#define TIM_CR1(tim)    REG((tim) + 0x00)
#define TIM_CR2(tim)    REG((tim) + 0x04)
#define TIM_SMCR(tim)   REG((tim) + 0x08)
#define TIM_DIER(tim)   REG((tim) + 0x0C)
#define TIM_SR(tim)     REG((tim) + 0x10)
#define TIM_EGR(tim)    REG((tim) + 0x14)
#define TIM_CCMR1(tim)  REG((tim) + 0x18)
#define TIM_CCMR2(tim)  REG((tim) + 0x1C)
#define TIM_CCER(tim)   REG((tim) + 0x20)
#define TIM_CNT(tim)    REG((tim) + 0x24)
#define TIM_PSC(tim)    REG((tim) + 0x28)
#define TIM_ARR(tim)    REG((tim) + 0x2C)
#define TIM_RCR(tim)    REG((tim) + 0x30)
#define TIM_CCR(tim, n) REG((tim) + 0x30 + 4 * (n)) /* 1 to 4 */
#define TIM_BDTR(tim)   REG((tim) + 0x44)
#define TIM_DCR(tim)    REG((tim) + 0x48)
#define TIM_DMAR(tim)   REG((tim) + 0x4C)

#define TIM_CEN     BIT(0)
#define TIM_UDIS    BIT(1)
#define TIM_URS     BIT(2)
#define TIM_OPM     BIT(3)
#define TIM_DIR     BIT(4)
#define TIM_CMS(n)  ((n) << 5)
#define TIM_ARPE    BIT(7)
#define TIM_UIF     BIT(0) /* and UIE, UG */
#define TIM_CCIF(n) BIT(n) /* and CCnIE, CCnG */
#define TIM_TIF     BIT(6)
#define TIM_CCOF(n) BIT(8 + (n))
#define TIM_UDE     BIT(8)
#define TIM_MOE     BIT(15)

/* 21.4 */
#define IWDG_KR  REG(IWDG + 0x00)
#define IWDG_PR  REG(IWDG + 0x04)
#define IWDG_RLR REG(IWDG + 0x08)
#define IWDG_SR  REG(IWDG + 0x0C)

/* 22.6 */
#define WWDG_CR  REG(WWDG + 0x00)
#define WWDG_CFR REG(WWDG + 0x04)
#define WWDG_SR  REG(WWDG + 0x08)

/* 24.4 */
#define RNG_CR REG(RNG + 0x00)
#define RNG_SR REG(RNG + 0x04)
#define RNG_DR REG(RNG + 0x08)

/* 26.6 */
#define RTC_TR      REG(RTC + 0x00)
#define RTC_DR      REG(RTC + 0x04)
#define RTC_CR      REG(RTC + 0x08)
#define RTC_ISR     REG(RTC + 0x0C)
#define RTC_PRER    REG(RTC + 0x10)
#define RTC_WUTR    REG(RTC + 0x14)
#define RTC_ALRMAR  REG(RTC + 0x1C)
#define RTC_WPR     REG(RTC + 0x24)
#define RTC_SSR     REG(RTC + 0x28)
#define RTC_BKPR(n) REG(RTC + 0x50 + 4 * (n)) /* 0 to 19 */

/* 27.6 */
#define I2C_CR1(i2c)   REG((i2c) + 0x00)
#define I2C_CR2(i2c)   REG((i2c) + 0x04)
#define I2C_DR(i2c)    REG((i2c) + 0x10)
#define I2C_SR1(i2c)   REG((i2c) + 0x14)
#define I2C_SR2(i2c)   REG((i2c) + 0x18)
#define I2C_CCR(i2c)   REG((i2c) + 0x1C)
#define I2C_TRISE(i2c) REG((i2c) + 0x20)

/* 28.5 */
#define SPI_CR1(spi)    REG((spi) + 0x00)
#define SPI_CR2(spi)    REG((spi) + 0x04)
#define SPI_SR(spi)     REG((spi) + 0x08)
#define SPI_DR(spi)     REG((spi) + 0x0C)
#define SPI_CRCPR(spi)  REG((spi) + 0x10)
#define SPI_RXCRCR(spi) REG((spi) + 0x14)
#define SPI_TXCRCR(spi) REG((spi) + 0x18)

/* 30.6 */
#define USART_SR(usart)  REG((usart) + 0x00)
#define USART_DR(usart)  REG((usart) + 0x04)
#define USART_BRR(usart) REG((usart) + 0x08)
#define USART_CR1(usart) REG((usart) + 0x0C)
#define USART_CR2(usart) REG((usart) + 0x10)
#define USART_CR3(usart) REG((usart) + 0x14)

#define USART_ORE  BIT(3)
#define USART_IDLE BIT(4)
#define USART_RXNE BIT(5)
#define USART_TC   BIT(6)
#define USART_TXE  BIT(7)
#define USART_UE   BIT(13)
#define USART_TE   BIT(3)
#define USART_RE   BIT(2)

/* 38.6 and 39: what the chip says of itself */
#define DBGMCU_IDCODE  REG(DBGMCU + 0x00)
#define DBGMCU_CR      REG(DBGMCU + 0x04)
#define DBGMCU_APB1_FZ REG(DBGMCU + 0x08)
#define DBGMCU_APB2_FZ REG(DBGMCU + 0x0C)
#define U_ID(n)        REG(0x1FFF7A10u + 4 * (n))
#define F_SIZE         HALFWORD(0x1FFF7A22u)

/* Table 61: positions of interrupts */
enum {
	WWDG_IRQ = 0,
	RTC_WKUP_IRQ = 3,
	FLASH_IRQ = 4,
	RCC_IRQ = 5,
	EXTI0_IRQ = 6,
	ADC_IRQ = 18,
	EXTI9_5_IRQ = 23,
	TIM2_IRQ = 28,
	EXTI15_10_IRQ = 40,
	RTC_ALARM_IRQ = 41,
	USART3_IRQ = 39,
	DMA2_STREAM0_IRQ = 56,
	RNG_IRQ = 80,
	IRQS = 82,
};

/* PM0214: the core's own */
#define DWT_CTRL     REG(0xE0001000u)
#define DWT_CYCCNT   REG(0xE0001004u)
#define NVIC_ISER(n) REG(0xE000E100u + 4 * (n))
#define NVIC_ICER(n) REG(0xE000E180u + 4 * (n))
#define NVIC_ISPR(n) REG(0xE000E200u + 4 * (n))
#define NVIC_ICPR(n) REG(0xE000E280u + 4 * (n))
#define SCB_VTOR     REG(0xE000ED08u)
#define SCB_AIRCR    REG(0xE000ED0Cu)
#define SCB_SCR      REG(0xE000ED10u)
#define SCB_CFSR     REG(0xE000ED28u)
#define SCB_BFAR     REG(0xE000ED38u)
#define DEMCR        REG(0xE000EDFCu)

#endif
