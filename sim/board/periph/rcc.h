/* What others ask of the reset and clock control. */
#ifndef PERIPH_RCC_H
#define PERIPH_RCC_H

#include "core/mcu.h"

/*
 * The crystals outside, 0 Hz for none; before the first call 8 MHz and 32,768 Hz. One that
 * goes while it is in use is a failure, which the clock security system is there for.
 */
#define RCC_HSE_HZ 8000000u
#define RCC_LSE_HZ 32768u
void rcc_crystals(struct mcu *mcu, uint32_t hse_hz, uint32_t lse_hz);

/* The independent watchdog keeps the LSI on (RM0090 7.2.5). */
void rcc_force_lsi(struct mcu *mcu, bool on);

/* Whether the converter, ADC1 is 0, has its clock: three bits for one row of the table. */
bool rcc_adc_clocked(const struct mcu *mcu, unsigned adc);

/* STOP begins and ends (RM0090 5.3.5): the chip wakes with HSI as its clock. */
void rcc_stop(struct mcu *mcu);
void rcc_wake(struct mcu *mcu);

#endif
