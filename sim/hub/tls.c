#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pem.h"

/* ECDHE_RSA with AES_128_GCM_SHA256, AES_256_GCM_SHA384 and their CBC kin of SHA-2. */
#define SUITES                                                                           \
	"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"                       \
	"ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384"
#define GROUPS "P-256:P-384:X25519"

struct tls {
	SSL_CTX *context;
};

struct tls_link {
	SSL *ssl;
	bool disagreed;
	char why[160];
};

/* -- what they have in common --------------------------------------------------------- */

/* "IoT Hub requests a certificate"; whether it is good is seen when CONNECT comes. */
static int take_any(X509_STORE_CTX *store, void *with)
{
	(void)store;
	(void)with;
	return 1;
}

static bool use_key(SSL_CTX *context, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	bool used = key && SSL_CTX_use_PrivateKey(context, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return used;
}

/* The server's own certificate first, then those that lead to the root. */
static bool use_chain(SSL_CTX *context, const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x509 = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool used = x509 && SSL_CTX_use_certificate(context, x509) == 1;

	X509_free(x509);
	while (used && (x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (SSL_CTX_add0_chain_cert(context, x509) != 1) {
			X509_free(x509);
			used = false;
		}
	ERR_clear_error(); /* that there is no other is no error */
	BIO_free(bio);
	return used;
}

/*
 * No tickets and no sessions: each connection shows its certificate. No renegotiation,
 * which the real hub has no use for either. Buffers are given back while a device has
 * nothing to say.
 */
static bool set_up(SSL_CTX *context, const struct tls_settings *settings)
{
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
					     SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS |
					  SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(context, 1); /* one call for all that is there */
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, take_any, NULL);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(
		       context, settings->tls13 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(context, SUITES) == 1 &&
	       SSL_CTX_set1_groups_list(context, GROUPS) == 1 &&
	       use_chain(context, settings->chain_pem) &&
	       use_key(context, settings->key_pem) &&
	       SSL_CTX_check_private_key(context) == 1;
}

struct tls *tls_open(const struct tls_settings *settings, char *err, size_t err_bytes)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls) {
		snprintf(err, err_bytes, "no memory");
		return NULL;
	}
	tls->context = SSL_CTX_new(TLS_server_method());
	if (tls->context && set_up(tls->context, settings))
		return tls;
	snprintf(err, err_bytes, "TLS: %s", ERR_reason_error_string(ERR_peek_error()));
	ERR_clear_error();
	tls_close(tls);
	return NULL;
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->context);
	free(tls);
}

/* -- one connection ------------------------------------------------------------------- */

struct tls_link *tls_link_open(struct tls *tls, int fd)
{
	struct tls_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->ssl = SSL_new(tls->context);
	if (link->ssl && SSL_set_fd(link->ssl, fd) == 1) {
		SSL_set_accept_state(link->ssl);
		return link;
	}
	tls_link_close(link);
	return NULL;
}

void tls_link_close(struct tls_link *link)
{
	if (!link)
		return;
	if (link->ssl && !*link->why && SSL_is_init_finished(link->ssl))
		SSL_shutdown(link->ssl);
	ERR_clear_error();
	SSL_free(link->ssl);
	free(link);
}

static int fail_link(struct tls_link *link, const char *why)
{
	snprintf(link->why, sizeof(link->why), "TLS: %s", why ? why : "it fails");
	return TLS_FAILED;
}

static int stopped(struct tls_link *link, int rc, int system_error)
{
	unsigned long error;

	switch (SSL_get_error(link->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return TLS_READS;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WRITES;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_ENDED;
	case SSL_ERROR_SYSCALL:
		return fail_link(link, system_error ? strerror(system_error)
						    : "the connection ended");
	default:
		error = ERR_peek_error();
		if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
			return fail_link(link, "the connection ended");
		link->disagreed = true;
		return fail_link(link, ERR_reason_error_string(error));
	}
}

int tls_link_shake(struct tls_link *link)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_do_handshake(link->ssl);
	return rc == 1 ? 1 : stopped(link, rc, errno);
}

static int bound(size_t len)
{
	return len > INT_MAX ? INT_MAX : (int)len;
}

int tls_link_read(struct tls_link *link, void *to, size_t room)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_read(link->ssl, to, bound(room));
	return rc > 0 ? rc : stopped(link, rc, errno);
}

int tls_link_write(struct tls_link *link, const void *from, size_t len)
{
	int rc;

	ERR_clear_error();
	errno = 0;
	rc = SSL_write(link->ssl, from, bound(len));
	return rc > 0 ? rc : stopped(link, rc, errno);
}

bool tls_link_holds(const struct tls_link *link)
{
	return SSL_has_pending(link->ssl) == 1;
}

const char *tls_link_why(const struct tls_link *link)
{
	return link->why;
}

bool tls_link_disagreed(const struct tls_link *link)
{
	return link->disagreed;
}

/* -- what the client showed ------------------------------------------------------------ */

/* Takes the BIO. */
static char *take_text(BIO *bio, bool whole)
{
	char *text = whole && BIO_pending(bio) > 0 ? pem_text(bio) : NULL;

	BIO_free(bio);
	return text;
}

char *tls_link_certificate(const struct tls_link *link)
{
	X509 *x509 = SSL_get0_peer_certificate(link->ssl);
	BIO *bio = x509 ? BIO_new(BIO_s_mem()) : NULL;

	return take_text(bio, bio && PEM_write_bio_X509(bio, x509) == 1);
}

/* A server's list leaves the client's own certificate out. */
char *tls_link_chain(const struct tls_link *link)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(link->ssl);
	BIO *bio = chain ? BIO_new(BIO_s_mem()) : NULL;
	bool whole = bio != NULL;

	for (int i = 0; whole && i < sk_X509_num(chain); i++)
		whole = PEM_write_bio_X509(bio, sk_X509_value(chain, i)) == 1;
	return take_text(bio, whole);
}
