/* What the fuzzers of libprov share. */
#ifndef FUZZ_PROV_H
#define FUZZ_PROV_H

#include "prov.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* A copy of its own length, so that reading past the end is seen. */
static inline char *fuzz_text(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len + 1);

	if (!text)
		abort();
	if (len)
		memcpy(text, bytes, len);
	text[len] = '\0';
	return text;
}

#endif
