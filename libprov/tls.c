/* OpenSSL's TLS, over a socket of ours. */
#include "tls.h"

#include "http_error.h"
#include "hub.h"
#include "resolve.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of libcurl-errors(3), whose words (http_error.h) fit here too. */
#define NO_HOST    6
#define NO_CONNECT 7
#define TIMED_OUT  28
#define NO_TLS     35
#define BAD_PEER   60
#define BAD_CA     77

struct tls {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	bool lost;
};

/* What is being tried, until it is open. */
struct attempt {
	const struct tls_opts *opts;
	struct http_failure failure;
	char to_host[PROV_HOST_MAX + 1], port[8];
	int64_t deadline_ms;
	struct tls *tls;
};

static int failed(struct attempt *a, int code, struct prov_error *err)
{
	a->failure.curl_code = code;
	return http_words(&a->failure, err);
}

/* "HOST:PORT", "[V6]:PORT", or the host's own. */
static int find_place(struct attempt *a, struct prov_error *err)
{
	const char *to = a->opts->connect_to, *colon = to ? strrchr(to, ':') : NULL;
	long port = a->opts->port;
	size_t len;

	if (to && (!colon || !parse_port(colon + 1, strlen(colon + 1), &port)))
		return fail(err, PROV_ERR_ARG, "connect to HOST:PORT, not to \"%s\"", to);
	len = to ? (size_t)(colon - to) : strlen(a->opts->host);
	if (to && len > 2 && to[0] == '[' && to[len - 1] == ']') {
		to++;
		len -= 2;
	}
	if (len >= sizeof(a->to_host))
		return fail(err, PROV_ERR_ARG, "the host name is too long");
	memcpy(a->to_host, to ? to : a->opts->host, len);
	snprintf(a->port, sizeof(a->port), "%ld", port);
	a->failure.host = a->opts->host;
	a->failure.ca_file = a->opts->ca_file;
	a->failure.to_host = to ? a->to_host : NULL;
	a->failure.port = (unsigned)port;
	a->failure.connect_ms = a->opts->connect_ms;
	a->failure.direct = true;
	return 0;
}

/* Until the socket is ready, a tenth of a second at a time. */
static int wait_ready(struct attempt *a, short events, struct prov_error *err)
{
	for (;;) {
		struct pollfd p = { .fd = a->tls->fd, .events = events };
		int64_t left = a->deadline_ms - steady_ms();

		if (a->opts->cancel && *a->opts->cancel)
			return fail(err, PROV_ERR_CANCELLED, "cancelled");
		if (left <= 0)
			return failed(a, TIMED_OUT, err);
		if (poll(&p, 1, left < 100 ? (int)left : 100) > 0)
			return 0;
	}
}

static int connect_one(struct attempt *a, const struct addrinfo *to,
		       struct prov_error *err)
{
	const int on = 1;
	socklen_t len = sizeof(int);
	int fd, problem = 0, rc = 0;

	fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	a->tls->fd = fd;
	if (fd >= 0 && connect(fd, to->ai_addr, to->ai_addrlen) < 0 &&
	    errno == EINPROGRESS) {
		rc = wait_ready(a, POLLOUT, err);
		if (rc == 0)
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &len);
		errno = problem;
	} else if (fd >= 0) {
		problem = errno;
	}
	if (rc == 0 && (fd < 0 || problem)) {
		a->failure.os_errno = errno;
		rc = failed(a, NO_CONNECT, err);
	}
	if (rc == 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (rc < 0 && fd >= 0) {
		close(fd);
		a->tls->fd = -1;
	}
	return rc;
}

static int find(struct attempt *a, struct addrinfo **list, struct prov_error *err)
{
	switch (resolve(a->to_host, a->port, a->deadline_ms, a->opts->cancel, list)) {
	case RESOLVED:
		return 0;
	case RESOLVE_LATE:
		return failed(a, TIMED_OUT, err);
	case RESOLVE_CANCELLED:
		return fail(err, PROV_ERR_CANCELLED, "cancelled");
	default:
		return failed(a, NO_HOST, err);
	}
}

/* The first of the host's addresses that answers. */
static int connect_any(struct attempt *a, struct prov_error *err)
{
	struct addrinfo *list = NULL;
	int rc = find(a, &list, err);

	for (struct addrinfo *to = list; to; to = to->ai_next) {
		rc = connect_one(a, to, err);
		if (rc == 0 || rc == PROV_ERR_CANCELLED)
			break;
	}
	if (list)
		freeaddrinfo(list);
	a->failure.connected = rc == 0;
	return rc;
}

/* -- OpenSSL's way to the socket: its own would let a lost connection raise SIGPIPE ---- */

static int bio_result(BIO *bio, ssize_t n)
{
	BIO_clear_retry_flags(bio);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_flags(bio, BIO_FLAGS_SHOULD_RETRY);
	return (int)n;
}

static int bio_write(BIO *bio, const char *from, int len)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n = send(t->fd, from, (size_t)len, MSG_NOSIGNAL);

	n = bio_result(bio, n);
	if (BIO_should_retry(bio))
		BIO_set_retry_write(bio);
	return (int)n;
}

static int bio_read(BIO *bio, char *to, int room)
{
	struct tls *t = BIO_get_data(bio);
	ssize_t n = recv(t->fd, to, (size_t)room, 0);

	n = bio_result(bio, n);
	if (BIO_should_retry(bio))
		BIO_set_retry_read(bio);
	return (int)n;
}

static long bio_ctrl(BIO *bio, int what, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return what == BIO_CTRL_FLUSH;
}

static bool set_socket(struct tls *t)
{
	BIO *bio;

	t->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket");
	if (!t->method || !BIO_meth_set_write(t->method, bio_write) ||
	    !BIO_meth_set_read(t->method, bio_read) ||
	    !BIO_meth_set_ctrl(t->method, bio_ctrl))
		return false;
	bio = BIO_new(t->method);
	if (!bio)
		return false;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio);
	return true;
}

/* An address has no SNI, and is looked for among a certificate's addresses. */
static bool expect_name(SSL *ssl, const char *host)
{
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1)
		return true;
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static int prepare(struct attempt *a, struct prov_error *err)
{
	struct tls *t = a->tls;
	const char *ca = a->opts->ca_file;

	t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t->ctx)
		return fail(err, PROV_ERR_NOMEM, "no memory for a TLS connection");
	if (ca ? SSL_CTX_load_verify_locations(t->ctx, ca, NULL) != 1
	       : SSL_CTX_set_default_verify_paths(t->ctx) != 1)
		return failed(a, BAD_CA, err);
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	/* A record in one read, not two. */
	SSL_CTX_set_read_ahead(t->ctx, 1);
	SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
					 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	t->ssl = SSL_new(t->ctx);
	if (!t->ssl || !set_socket(t) || !expect_name(t->ssl, a->opts->host))
		return fail(err, PROV_ERR_NOMEM, "no memory for a TLS connection");
	return 0;
}

static int handshake(struct attempt *a, struct prov_error *err)
{
	SSL *ssl = a->tls->ssl;

	for (;;) {
		int n, rc;

		ERR_clear_error();
		n = SSL_connect(ssl);
		if (n == 1)
			return 0;
		switch (SSL_get_error(ssl, n)) {
		case SSL_ERROR_WANT_READ:
			rc = wait_ready(a, POLLIN, err);
			break;
		case SSL_ERROR_WANT_WRITE:
			rc = wait_ready(a, POLLOUT, err);
			break;
		default:
			a->failure.verify = SSL_get_verify_result(ssl);
			if (a->failure.verify == X509_V_OK)
				return failed(a, NO_TLS, err);
			/* In the words' table the name is what the chain does not
			 * explain. */
			if (a->failure.verify == X509_V_ERR_HOSTNAME_MISMATCH ||
			    a->failure.verify == X509_V_ERR_IP_ADDRESS_MISMATCH)
				a->failure.verify = 0;
			return failed(a, BAD_PEER, err);
		}
		if (rc < 0)
			return rc;
	}
}

int tls_open(const struct tls_opts *opts, struct tls **out, struct prov_error *err)
{
	struct attempt a = { .opts = opts };
	int rc = find_place(&a, err);

	if (rc < 0)
		return rc;
	a.tls = calloc(1, sizeof(*a.tls));
	if (!a.tls)
		return fail(err, PROV_ERR_NOMEM, "no memory for a TLS connection");
	a.tls->fd = -1;
	a.deadline_ms = steady_ms() + opts->connect_ms;
	rc = connect_any(&a, err);
	if (rc == 0)
		rc = prepare(&a, err);
	if (rc == 0)
		rc = handshake(&a, err);
	if (rc < 0) {
		tls_close(a.tls);
		return rc;
	}
	*out = a.tls;
	return 0;
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	if (tls->ssl && !tls->lost && SSL_is_init_finished(tls->ssl))
		SSL_shutdown(tls->ssl);
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->ctx);
	BIO_meth_free(tls->method);
	if (tls->fd >= 0)
		close(tls->fd);
	free(tls);
}

/* The outcome of SSL_read and SSL_write. */
static ssize_t outcome(struct tls *t, int n)
{
	int why;

	if (n > 0)
		return n;
	why = SSL_get_error(t->ssl, n);
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return 0;
	t->lost = true;
	return -1;
}

ssize_t tls_read(struct tls *tls, void *to, size_t room)
{
	ERR_clear_error();
	return outcome(tls, SSL_read(tls->ssl, to, room > 1 << 20 ? 1 << 20 : (int)room));
}

ssize_t tls_write(struct tls *tls, const void *from, size_t len)
{
	ERR_clear_error();
	return outcome(tls,
		       SSL_write(tls->ssl, from, len > 1 << 20 ? 1 << 20 : (int)len));
}

bool tls_wait(struct tls *tls, bool to_write, int wait_ms)
{
	struct pollfd p = { .fd = tls->fd, .events = POLLIN };

	if (to_write)
		p.events |= POLLOUT;
	return poll(&p, 1, wait_ms) > 0;
}
