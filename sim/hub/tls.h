/*
 * TLS as hubs have spoken it since August 2025 (Microsoft's "TLS support in IoT Hub"), by
 * OpenSSL's libssl, whose header only tls.c knows: the server's side of a connection over
 * a socket that does not block. A client may show a certificate; it is taken as it is, for
 * somebody else to judge.
 */
#ifndef HUB_TLS_H
#define HUB_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct tls; /* what all connections have in common */

struct tls_settings {
	bool tls13;          /* besides TLS 1.2 */
	const char *key_pem; /* of the server; not looked at later on */
	const char *chain_pem;
};

/* NULL: `err` says why. */
struct tls *tls_open(const struct tls_settings *settings, char *err, size_t err_bytes);
/* After the last of its links. */
void tls_close(struct tls *tls);

struct tls_link; /* one connection */

/* The socket stays the caller's. NULL: no memory. */
struct tls_link *tls_link_open(struct tls *tls, int fd);
/* Says goodbye where that is possible at once. */
void tls_link_close(struct tls_link *link);

/* What a call came to, unless it did what it was asked. */
enum tls_stop {
	TLS_READS = -1,  /* go on when the socket can be read */
	TLS_WRITES = -2, /* or written */
	TLS_ENDED = -3,  /* the other side closed it in good order */
	TLS_FAILED = -4, /* tls_link_why() */
};

/* 1: the handshake is done. */
int tls_link_shake(struct tls_link *link);
/* The number of bytes, at least one. */
int tls_link_read(struct tls_link *link, void *to, size_t room);
int tls_link_write(struct tls_link *link, const void *from, size_t len);
/*
 * After a read that gave some: there may be more, which the socket will not tell; the next
 * read knows.
 */
bool tls_link_holds(const struct tls_link *link);
/* Why it failed. */
const char *tls_link_why(const struct tls_link *link);
/* It failed because the two do not agree, not because the connection is gone. */
bool tls_link_disagreed(const struct tls_link *link);

/*
 * The certificate that the client showed, and those that it sent besides, as PEM; memory
 * for free(), or NULL when there is none.
 */
char *tls_link_certificate(const struct tls_link *link);
char *tls_link_chain(const struct tls_link *link);

#endif
