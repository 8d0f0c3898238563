/* Clocks, resets, and why the chip was reset. */
#ifndef RCC_H
#define RCC_H

#include "hw/regs_rcc.h"

#include <stdbool.h>
#include <stdint.h>

/* -- the system clock --------------------------------------------------------------- */

/* How rcc_clock_start() ended; all but the first leave the chip on HSI, at 16 MHz. */
enum clock {
	CLOCK_PLL,       /* 168 MHz from the crystal, 48 MHz for RNG and USB */
	CLOCK_NO_HSE,    /* the crystal did not start */
	CLOCK_NO_PLL,    /* the PLL did not lock */
	CLOCK_NO_FLASH,  /* the flash did not take its wait states */
	CLOCK_NO_SWITCH, /* the switch to the PLL did not happen */
	CLOCK_LOST       /* the crystal stopped while it was in use */
};

/* Expects the clocks as after a reset, or after rcc_quiet(). */
enum clock rcc_clock_start(void);

/* "the crystal (HSE) did not start" */
const char *rcc_clock_words(enum clock clock);

/*
 * The clock security system found the crystal dead, and has put the chip on HSI: take the
 * news, which comes as NMI. False when that is not what the NMI is about.
 */
bool rcc_clock_failed(void);

/* By what the registers say, so that they hold after a fall back too. */
uint32_t rcc_hclk_hz(void);
uint32_t rcc_pclk1_hz(void);

/* Back to HSI, all else off, every peripheral reset and without clock. */
void rcc_quiet(void);

/* True when something runs that a reset would have ended: a bootloader was here. */
bool rcc_is_warm(void);

/* -- peripherals -------------------------------------------------------------------- */

/* The register of its enable bit, and the bit. */
#define RCC_GATE(enr, bit) (((enr)-RCC_BASE) << 8 | (bit))

enum rcc_gate {
	GATE_GPIOA = RCC_GATE(RCC_AHB1ENR, 0), /* and so on for the other ports */
	GATE_GPIOD = RCC_GATE(RCC_AHB1ENR, 3),
	GATE_RNG = RCC_GATE(RCC_AHB2ENR, 6),
	GATE_USART3 = RCC_GATE(RCC_APB1ENR, 18),
	GATE_PWR = RCC_GATE(RCC_APB1ENR, 28),
	GATE_SYSCFG = RCC_GATE(RCC_APB2ENR, 14)
};

void rcc_enable(enum rcc_gate gate);
void rcc_disable(enum rcc_gate gate);

/* -- the reason of the last reset --------------------------------------------------- */

enum reset_cause {
	RESET_UNKNOWN,
	RESET_POWER_ON,
	RESET_BROWN_OUT,
	RESET_PIN,
	RESET_SOFTWARE,
	RESET_WATCHDOG,
	RESET_WINDOW_WATCHDOG,
	RESET_LOW_POWER,
	RESET_BOOTLOADER /* none: the bootloader jumped here */
};

/* Several flags stand after most resets: the narrowest counts. */
enum reset_cause rcc_reset_cause(void);
void rcc_reset_cause_clear(void);
const char *rcc_reset_words(enum reset_cause cause);

#endif
