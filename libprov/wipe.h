/* Memory that held secrets, for libraries that take the functions of others. */
#ifndef PROV_WIPE_H
#define PROV_WIPE_H

#include <stddef.h>

/*
 * As free() and realloc(), but nothing is left of the block that is given back. For a
 * `len` of 0 it is freed, and NULL is returned.
 */
void wipe_free(void *p);
void *wipe_realloc(void *p, size_t len);

#endif
