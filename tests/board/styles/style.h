/*
 * What the programs of this folder share. Each is written in the style of an environment
 * that firmware for this chip comes from, lives in flash, runs from reset on the whole
 * board, and tells what does not hold. The registers have RM0090's addresses.
 */
#ifndef STYLE_H
#define STYLE_H

#include "tell.h"

#define BYTE(address) (*(volatile uint8_t *)(address))
/* A bit's word in the alias of the peripherals (PM0214 2.2.5) */
#define BIT(address, bit) REG(0x42000000u + ((address)-0x40000000u) * 32 + (bit)*4)

enum {
	TIM2 = 0x40000000,
	TIM6 = 0x40001000,
	RTC = 0x40002800,
	SPI3 = 0x40003C00,
	USART2 = 0x40004400,
	I2C1 = 0x40005400,
	PWR = 0x40007000,
	DAC = 0x40007400,
	ADC1 = 0x40012000,
	SPI1 = 0x40013000,
	GPIOA = 0x40020000,
	GPIOB = 0x40020400,
	GPIOD = 0x40020C00,
	GPIOE = 0x40021000,
	RCC = 0x40023800,
	FLASH = 0x40023C00,
	DMA1 = 0x40026000,
	OTG_FS = 0x50000000,
};

/* of GPIO */
enum { MODER = 0x00, OTYPER = 0x04, BSRR = 0x18, AFRL = 0x20, AFRH = 0x24 };
/* of RCC */
enum {
	CR = 0x00,
	PLLCFGR = 0x04,
	CFGR = 0x08,
	AHB1ENR = 0x30,
	AHB2ENR = 0x34,
	APB1ENR = 0x40,
	APB2ENR = 0x44,
	BDCR = 0x70,
	CSR = 0x74,
};

#define SYST_CSR         REG(0xE000E010)
#define SYST_RVR         REG(0xE000E014)
#define SYST_CVR         REG(0xE000E018)
#define NVIC_ISER        (&REG(0xE000E100))
#define NVIC_IPR         ((volatile uint8_t *)0xE000E400)
#define SCB_ICSR         REG(0xE000ED04)
#define SCB_SHPR         ((volatile uint8_t *)0xE000ED18) /* of exception 4 and on */
#define SCB_CPACR        REG(0xE000ED88)
#define PENDSVSET        (1u << 28)
#define EXTI0_IRQ        6
#define TIM2_IRQ         28
#define DMA2_STREAM0_IRQ 56
#define VECTORS          98
#define FLASH_5_WS       5u

/* 168 MHz from the crystal, and the console */
void style_start(void);

#endif
