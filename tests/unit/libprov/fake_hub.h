/*
 * A hub that answers by a script, over TLS on a free port of 127.0.0.1, with a
 * certificate of its own for "myhub.azure-devices.net".
 */
#ifndef FAKE_HUB_H
#define FAKE_HUB_H

#include "prov_test.h"

#define FAKE_HOST "myhub.azure-devices.net"

/* One request that is to come, and its answer. */
struct fake_step {
	const char *want;    /* "PUT /devices/d1": the beginning of the request line */
	const char *has;     /* somewhere in the head or the body; may be NULL */
	int status;          /* 0: hang up without an answer */
	const char *headers; /* "Name: value\r\n" each; may be NULL */
	const char *body;    /* may be NULL */
	unsigned delay_ms;   /* before the answer */
};

struct fake_hub;

struct fake_hub *fake_start(const struct fake_step *steps, size_t n);

/* Fails the test unless each step was taken, in order, and nothing else came. */
void fake_end(struct fake_hub *fake);

/* From now on a step may be left out, or be taken again when nothing else fits. */
void fake_loosen(struct fake_hub *fake);

/* Ends it, whatever came. */
void fake_drop(struct fake_hub *fake);

/* "127.0.0.1:PORT", and the file with its certificate. */
const char *fake_address(const struct fake_hub *fake);
const char *fake_ca(const struct fake_hub *fake);

/* The head and the body of a request that came. */
const char *fake_request(const struct fake_hub *fake, size_t i);

/* A hub handle on it, with short waits. `opts` (may be NULL) is the rest. */
struct prov_hub *fake_open(const struct fake_hub *fake, const struct prov_hub_opts *opts);

/* The same with what stands behind the host's name in its connection string. */
struct prov_hub *fake_open_as(const struct fake_hub *fake, const char *credentials,
			      const struct prov_hub_opts *opts);

#endif
