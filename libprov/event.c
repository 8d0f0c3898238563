/* What is common to events of every source. */
#include "prov.h"

#include <string.h>

const struct prov_named *prov_named_find(const struct prov_named *list, size_t n,
					 const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (list[i].name.len == len && memcmp(list[i].name.at, name, len) == 0)
			return &list[i];
	return NULL;
}
