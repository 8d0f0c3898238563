/* What tcg.c (accesses, pages, translation) and tcgmeter.c know of one another. */
#ifndef CORE_TCG_OWN_H
#define CORE_TCG_OWN_H

#include "tcg.h"

/* The library's, as of 2.0.1 */
struct tcg_block {
	uint32_t pc, base, flags;
	uint16_t bytes;
};

/* As tcg_missing() */
const char *tcg_meter_missing(void);

const struct tcg_client *tcg_client_now(void);
/* The block at `pc` is about to be translated. */
void tcg_meter_begin(uint32_t pc);

#endif
