/* External interrupts and events: RM0090 section 12.2. */
#ifndef PERIPH_EXTI_H
#define PERIPH_EXTI_H

#include "core/mcu.h"

/* Lines that come from within the chip (12.2.5); 0 to 15 are pins. */
enum exti_line {
	EXTI_PVD = 16,
	EXTI_RTC_ALARM = 17,
	EXTI_OTG_FS_WAKEUP = 18,
	EXTI_ETH_WAKEUP = 19,
	EXTI_OTG_HS_WAKEUP = 20,
	EXTI_RTC_TAMPER = 21,
	EXTI_RTC_WAKEUP = 22,
	EXTI_LINES
};

/* The level of a line; the edge detector sees its changes. */
void exti_input(struct mcu *mcu, unsigned line, bool level);
/* For SYSCFG: which port `line` (0 to 15) looks at, 0 being A. */
void exti_select(struct mcu *mcu, unsigned line, unsigned port);

#endif
