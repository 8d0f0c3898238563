/* The board as a picture, by what its control socket tells of it. */
#ifndef SIM_LEDS_H
#define SIM_LEDS_H

#include "json.h"

#include <stdbool.h>

/* `sim leds`: print it, once or whenever it changes. Returns an exit status. */
int sim_leds(const char *name, bool svg, bool watch);

#endif
