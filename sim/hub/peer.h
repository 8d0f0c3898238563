/*
 * The certificate that a client of HTTPS shows. libmicrohttpd's TLS is GnuTLS, whose
 * header only peer.c knows; a session is that library's gnutls_session_t.
 */
#ifndef HUB_PEER_H
#define HUB_PEER_H

#include <stddef.h>

/* Before the handshake: asks for a certificate, which may be missing or anything. */
void peer_ask(void *session);

/*
 * The certificate that the client showed, or those that it sent besides, as PEM; memory
 * for free(), or NULL when there is none.
 */
char *peer_certificate(void *session);
char *peer_chain(void *session);

#endif
