#include "tls.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What hubs offer since August 2025 (Microsoft's "TLS support in IoT Hub"). */
static const char suites[] = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:"
			     "ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA384";

struct tls {
	SSL *ssl;
	bool shaken; /* hands: something was read or written */
	bool left;
	bool wants_write;
	char error[160];
};

/* -- the server ---------------------------------------------------------------------- */

static BIO *bio_of(const char *pem)
{
	return BIO_new_mem_buf(pem, -1);
}

static bool take_key(SSL_CTX *ctx, const char *key_pem)
{
	BIO *bio = bio_of(key_pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	bool taken = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return taken;
}

static bool take_chain(SSL_CTX *ctx, const char *chain_pem)
{
	BIO *bio = bio_of(chain_pem);
	X509 *own = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool taken = own && SSL_CTX_use_certificate(ctx, own) == 1;
	X509 *next;

	X509_free(own);
	while (taken && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		taken = SSL_CTX_add0_chain_cert(ctx, next) == 1;
		if (!taken)
			X509_free(next);
	}
	BIO_free(bio);
	ERR_clear_error(); /* that there are no more is one */
	return taken;
}

/* Whoever signed it: a self-signed one is as good, when its thumbprint is registered. */
static int take_any(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

struct tls_server *tls_server_new(const char *key_pem, const char *chain_pem, bool tls13)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(ctx, tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE |
					 SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, take_any);
	/* without it a session with a certificate is not resumed, but refused */
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"hub", 3);
	if (SSL_CTX_set_cipher_list(ctx, suites) == 1 && take_chain(ctx, chain_pem) &&
	    take_key(ctx, key_pem))
		return (struct tls_server *)ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

void tls_server_free(struct tls_server *server)
{
	SSL_CTX_free((SSL_CTX *)server);
}

/* -- a connection -------------------------------------------------------------------- */

struct tls *tls_open(struct tls_server *server, int fd)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->ssl = SSL_new((SSL_CTX *)server);
	if (!tls->ssl || SSL_set_fd(tls->ssl, fd) != 1) {
		tls_close(tls);
		return NULL;
	}
	SSL_set_accept_state(tls->ssl);
	return tls;
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->shaken && !*tls->error && !tls->left)
		SSL_shutdown(tls->ssl);
	SSL_free(tls->ssl);
	ERR_clear_error();
	free(tls);
}

static long fail(struct tls *tls, const char *why)
{
	unsigned long code = ERR_get_error();

	if (code)
		why = ERR_reason_error_string(code);
	snprintf(tls->error, sizeof(tls->error), "%s", why ? why : "OpenSSL fails");
	ERR_clear_error();
	return TLS_FAILED;
}

/* Many clients leave without saying goodbye: that is an end too, for AMQP and MQTT have
 * theirs. */
static bool left(int error)
{
	unsigned long code = ERR_peek_error();

	return error == SSL_ERROR_ZERO_RETURN ||
	       (error == SSL_ERROR_SYSCALL &&
		(errno == 0 || errno == ECONNRESET || errno == EPIPE)) ||
	       (error == SSL_ERROR_SSL &&
		ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING);
}

static long outcome(struct tls *tls, int rc)
{
	int error;

	if (rc > 0) {
		tls->shaken = true;
		return rc;
	}
	error = SSL_get_error(tls->ssl, rc);
	tls->wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return TLS_AGAIN;
	if (!left(error))
		return fail(tls, error == SSL_ERROR_SYSCALL ? strerror(errno) : NULL);
	ERR_clear_error();
	tls->left = true;
	return tls->shaken ? 0 : fail(tls, "it left in the handshake");
}

long tls_read(struct tls *tls, void *to, size_t room)
{
	errno = 0;
	return outcome(tls, SSL_read(tls->ssl, to, room > INT_MAX ? INT_MAX : (int)room));
}

long tls_write(struct tls *tls, const void *from, size_t len)
{
	errno = 0;
	return outcome(tls,
		       SSL_write(tls->ssl, from, len > INT_MAX ? INT_MAX : (int)len));
}

bool tls_wants_write(const struct tls *tls)
{
	return tls->wants_write;
}

const char *tls_error(const struct tls *tls)
{
	return tls->error;
}

/* -- certificates -------------------------------------------------------------------- */

static char *text_of(BIO *bio)
{
	char *at, *text = NULL;
	long len = BIO_get_mem_data(bio, &at);

	if (len > 0)
		text = strndup(at, (size_t)len);
	BIO_free(bio);
	return text;
}

char *tls_certificate(const struct tls *tls)
{
	X509 *shown = SSL_get0_peer_certificate(tls->ssl);
	BIO *bio = shown ? BIO_new(BIO_s_mem()) : NULL;

	if (bio)
		PEM_write_bio_X509(bio, shown);
	return bio ? text_of(bio) : NULL;
}

char *tls_chain(const struct tls *tls)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(tls->ssl);
	BIO *bio = chain ? BIO_new(BIO_s_mem()) : NULL;

	for (int i = 0; bio && i < sk_X509_num(chain); i++)
		PEM_write_bio_X509(bio, sk_X509_value(chain, i));
	return bio ? text_of(bio) : NULL;
}
