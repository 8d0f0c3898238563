/* The application: its start, and one turn of its main loop. */
#ifndef APP_H
#define APP_H

#include <stdbool.h>

/* Expects the chip quiet, interrupts on. */
void app_start(void);

/* All tasks once, and the watchdog when that is deserved. True when more is to be done. */
bool app_turn(void);

/* Interrupts, from the vector table. An NMI that is not about the clock is a fault. */
void app_on_button(void);
bool app_on_nmi(void);

#endif
