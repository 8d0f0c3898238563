/* External interrupts and events: RM0090 section 12.2. */
#ifndef PERIPH_EXTI_H
#define PERIPH_EXTI_H

#include "core/mcu.h"

/* For SYSCFG: which port `line` (0 to 15) looks at, 0 being A. */
void exti_select(struct mcu *mcu, unsigned line, unsigned port);

#endif
