/* The backup domain's reset, RCC_BDCR.BDRST, as it reaches the RTC (RM0090 7.1.3). */
#ifndef PERIPH_RTC_H
#define PERIPH_RTC_H

#include "core/mcu.h"

void rtc_backup_reset(struct mcu *mcu);

#endif
