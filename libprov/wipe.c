#include "wipe.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void wipe_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void *wipe_realloc(void *p, size_t len)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *to = len ? malloc(len) : NULL;

	if (len && !to)
		return NULL;
	if (p && to)
		memcpy(to, p, had < len ? had : len);
	wipe_free(p);
	return to;
}
