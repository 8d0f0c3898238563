/* The independent watchdog: resets the chip when it is not fed. Cannot be stopped. */
#ifndef IWDG_H
#define IWDG_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Start it, to bite `ms` (at most 32768) after a feed at the nominal 32 kHz; LSI runs at 17
 * to 47 kHz, so that it may be from 0.68 to 1.9 times that. False when it does not
 * take the time: then it bites after half a second.
 */
bool iwdg_start(uint32_t ms);

void iwdg_feed(void);

#endif
