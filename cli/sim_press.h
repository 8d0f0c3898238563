/* Waiting for the button of a virtual board. */
#ifndef SIM_PRESS_H
#define SIM_PRESS_H

#include <stdint.h>

/*
 * Until B1, which is down for `ms` of the board's time, is up again, so that of two presses
 * in a script the first does not swallow the second. Returns an exit status; EXIT_FAILED
 * when it stays down for far longer, as it does while the board's time stands still.
 */
int sim_await_release(const char *name, uint32_t ms);

#endif
