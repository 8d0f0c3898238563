/* The accesses of a virtual board's registers, as they happen. */
#ifndef SIM_TRACE_H
#define SIM_TRACE_H

#include <stdint.h>

/*
 * Print them until `count` (0: without end), a signal, or the board's end. Of the
 * peripherals named in argv, or all. Returns an exit status.
 */
int sim_trace(const char *name, int argc, char **argv, uint32_t count);

#endif
