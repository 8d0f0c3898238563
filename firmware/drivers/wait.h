/* Waiting for the hardware, never for ever. */
#ifndef WAIT_H
#define WAIT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Read a register until the bits of `mask` are `value`: true when they are. False after
 * `budget_us` at least, and a few times that at most: turns are counted, so that neither a
 * timer nor an interrupt is needed, in a fault handler and before there is any clock.
 */
bool wait_for(uint32_t reg, uint32_t mask, uint32_t value, uint32_t budget_us);

#endif
