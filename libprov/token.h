#ifndef PROV_TOKEN_H
#define PROV_TOKEN_H

#include "error.h"

/* What a shell command prints, in `ms` at most: an access token. */
int token_run(const char *command, unsigned ms, const volatile int *cancel,
	      struct prov_secret **out, struct prov_error *err);

#endif
