/* What others ask of the power control. */
#ifndef PERIPH_PWR_H
#define PERIPH_PWR_H

#include "core/mcu.h"

/* PWR_CR.DBP: the backup domain may be written. */
bool pwr_dbp(const struct mcu *mcu);
/* PWR_CSR.BRE: the backup SRAM is kept in Standby. */
bool pwr_bre(const struct mcu *mcu);

/*
 * The processor waits with SCB_SCR.SLEEPDEEP set: stops the clocks, and says which mode it
 * is (RM0090 5.3). If the option bytes forbid that mode, a reset is asked for.
 */
enum mcu_sleep pwr_deep_sleep(struct mcu *mcu);
/* STOP ends with an interrupt or event. */
void pwr_wake(struct mcu *mcu);
/*
 * The RTC has what ends Standby, as a rising WKUP pin does: asks for the reset if the chip
 * is in Standby, and sets PWR_CSR.WUF anyway.
 */
void pwr_wakeup(struct mcu *mcu);

#endif
