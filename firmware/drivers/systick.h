/* Time since the start, by SysTick's interrupt. */
#ifndef SYSTICK_H
#define SYSTICK_H

#include <stdint.h>

/* A tick each millisecond of the clock as it is now; again after it has changed. */
void systick_start(void);

/* Wraps after 49 days: compare differences. */
uint32_t systick_ms(void);

/* The interrupt's handler. */
void systick_tick(void);

#endif
