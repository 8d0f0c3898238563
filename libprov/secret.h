#ifndef PROV_SECRET_H
#define PROV_SECRET_H

#include "prov.h"

/* A secret of `len` zero bytes, to be filled in through secret_room. */
int secret_make(size_t len, struct prov_secret **out, struct prov_error *err);
uint8_t *secret_room(struct prov_secret *secret);

/* Keep the first `len` bytes. */
void secret_trim(struct prov_secret *secret, size_t len);

#endif
