/* Debouncing: from a level that bounces to presses. No hardware here. */
#ifndef BUTTON_H
#define BUTTON_H

#include <stdbool.h>
#include <stdint.h>

/* A contact of this kind bounces for a few milliseconds. */
#define BUTTON_STABLE_MS 20u

enum button_news { BUTTON_NOTHING, BUTTON_PRESSED, BUTTON_RELEASED };

struct button {
	bool pressed;      /* as it counts */
	bool level;        /* as it was last seen */
	uint32_t since_ms; /* it has been like this */
};

/*
 * The level at `now_ms`, and whether there was an edge since the last call. News when the
 * level has been the same, without an edge, for BUTTON_STABLE_MS.
 */
enum button_news button_look(struct button *b, bool level, bool edge, uint32_t now_ms);

#endif
