/*
 * A TLS connection to a host that is verified by name, without waiting but in tls_open and
 * tls_wait. For protocols whose library leaves the socket to us.
 */
#ifndef PROV_TLS_H
#define PROV_TLS_H

#include "error.h"

#include <sys/types.h>

struct tls;

struct tls_opts {
	const char *host; /* whose certificate it must be */
	uint16_t port;
	const char *connect_to; /* "HOST:PORT" in place of both; may be NULL */
	const char *ca_file;    /* PEM; NULL: the system's */
	unsigned connect_ms;    /* for all of it, TLS included */
	const volatile int *cancel;
};

int tls_open(const struct tls_opts *opts, struct tls **out, struct prov_error *err);
void tls_close(struct tls *tls);

/* Bytes; 0: not now, wait; -1: the other end is gone. */
ssize_t tls_read(struct tls *tls, void *to, size_t room);
ssize_t tls_write(struct tls *tls, const void *from, size_t len);

/*
 * Until bytes can be read, or with `to_write` written, `wait_ms` at most. Only after
 * tls_read gave 0: what it has read ahead wakes nobody.
 */
bool tls_wait(struct tls *tls, bool to_write, int wait_ms);

#endif
