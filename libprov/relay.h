/*
 * A way to another address than the one that is verified: paho knows none but that of an
 * HTTP proxy, so this is one, on the loopback interface, for one connection.
 */
#ifndef PROV_RELAY_H
#define PROV_RELAY_H

#include "error.h"

struct relay;

/* To "HOST:PORT"; its thread has the caller's signal mask. */
int relay_open(const char *to, struct relay **out, struct prov_error *err);
void relay_close(struct relay *relay);

/* "127.0.0.1:PORT" */
const char *relay_url(const struct relay *relay);

#endif
