/* What tcg.c (accesses, pages, translation) and tcgmeter.c know of one another. */
#ifndef CORE_TCG_OWN_H
#define CORE_TCG_OWN_H

#include "tcg.h"

/* As tcg_missing() */
const char *tcg_meter_missing(void);

const struct tcg_client *tcg_client_now(void);
/* The block that is being translated */
uint32_t tcg_translating(void);

#endif
