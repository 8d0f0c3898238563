/*
 * TLS as the hub's servers speak it, over sockets that do not block; OpenSSL is behind it.
 * A client may show a certificate, any one: who that is, others judge (login.h).
 */
#ifndef HUB_TLS_H
#define HUB_TLS_H

#include <stdbool.h>
#include <stddef.h>

struct tls_server;
struct tls;

/* NULL: OpenSSL does not take the key and the chain. */
struct tls_server *tls_server_new(const char *key_pem, const char *chain_pem, bool tls13);
void tls_server_free(struct tls_server *server);

/* The descriptor stays the caller's. NULL: no memory. */
struct tls *tls_open(struct tls_server *server, int fd);
/* Says goodbye if the socket takes it. */
void tls_close(struct tls *tls);

enum { TLS_AGAIN = -1, TLS_FAILED = -2 };

/* How many bytes, 0 at the end, TLS_AGAIN when the socket is to be polled, TLS_FAILED. */
long tls_read(struct tls *tls, void *to, size_t room);
long tls_write(struct tls *tls, const void *from, size_t len);
/* What the last TLS_AGAIN waits for: to write, else to read. */
bool tls_wants_write(const struct tls *tls);
/* Why it failed; for the log. */
const char *tls_error(const struct tls *tls);

/* What the client showed, PEM, as memory; NULL: nothing. And what it sent besides. */
char *tls_certificate(const struct tls *tls);
char *tls_chain(const struct tls *tls);

#endif
