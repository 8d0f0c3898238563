/* Clicks: each counts, and gets an id that is never used again. */
#ifndef CLICK_H
#define CLICK_H

#include "app/store.h"

#include <stddef.h>

#define CLICK_ID_CHARS 32u

struct click {
	unsigned number;         /* of this start, from 1 */
	char id[CLICK_ID_CHARS]; /* "5f3a2b1c-17-3": epoch, start, number; or empty */
};

/* The next click; without a name for this start it has no id. */
void click_next(const struct store_start *start, struct click *out);

unsigned click_count(void);

#endif
