/* The core's own: interrupts, the vector table, the system reset. */
#ifndef CORE_H
#define CORE_H

#include <stdint.h>

/* Priorities: the upper four bits count; the lower the more urgent. */
#define CORE_PRIORITY_SERIAL 0x80u
#define CORE_PRIORITY_BUTTON 0xc0u

void core_irq_enable(unsigned irq, unsigned priority);

/* Where exceptions find their vectors. */
void core_vectors(uint32_t addr);

/* Faults get their own handlers, so that their causes are told apart. */
void core_faults_enable(void);

/* No interrupt is enabled or pending, SysTick and the MPU are off. */
void core_quiet(void);

/* A software reset. On the target it does not come back. */
void core_reset(void);

#endif
