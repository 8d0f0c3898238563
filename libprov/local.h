/* The words of an error, for what is behind prov_local.h. */
#ifndef LOCAL_H
#define LOCAL_H

#include "prov_local.h"

struct words {
	char *to; /* may be NULL */
	size_t bytes;
};

/* What a public function begins with: from here on local_fail looks for no memory. */
struct words local_begin(char *to, size_t bytes);

/*
 * Writes the words and returns the code; but PROV_LOCAL_NOMEM when memory has run out,
 * which OpenSSL tells as a key that it cannot read, or one that does not fit.
 */
int local_fail(const struct words *words, enum prov_local code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
