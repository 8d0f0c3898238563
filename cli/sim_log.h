/* What a virtual board or the local hub has said. */
#ifndef SIM_LOG_H
#define SIM_LOG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Print it, or its last *lines (NULL: all), and with `follow` go on as it grows. Returns an
 * exit status.
 */
int sim_log(const char *name, const uint32_t *lines, bool follow);

#endif
