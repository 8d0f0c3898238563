#include "dev.h"

#include <stdlib.h>
#include <string.h>

void wipe_and_free(void *bytes, size_t len)
{
	if (bytes)
		explicit_bzero(bytes, len);
	free(bytes);
}
