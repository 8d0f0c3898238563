/* A connection that waits, for a while, by TCP alone or by TLS. */
#ifndef HUB_PEER_H
#define HUB_PEER_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum { PEER_WAITS_S = 20 }; /* for whatever is to come, when the server says nothing */

struct peer {
	int fd;   /* -1: closed */
	SSL *ssl; /* NULL: TCP alone */
};

/* To 127.0.0.1. False: nobody listens, or nobody answered in time. */
bool peer_open(struct peer *peer, unsigned port);
bool peer_open_tls(struct peer *peer, SSL_CTX *tls, unsigned port);
void peer_close(struct peer *peer);

/* All of it. False: the server has closed, or has not read for a while. */
bool peer_say(struct peer *peer, const void *data, size_t len);
/* What came, 0 when the server has closed or says nothing. */
size_t peer_hear(struct peer *peer, void *data, size_t room);

#endif
