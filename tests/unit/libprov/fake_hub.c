#include "fake_hub.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define STEPS_MAX       16
#define CONNECTIONS_MAX 32

/* A connection, served by a thread of its own. */
struct connection {
	struct fake_hub *fake;
	pthread_t thread;
	int fd;
};

struct fake_hub {
	const struct fake_step *steps;
	size_t n, taken;
	bool loose;
	int listener;
	SSL_CTX *tls;
	pthread_t thread;
	pthread_mutex_t lock;
	struct connection connections[CONNECTIONS_MAX];
	size_t n_connections;
	char address[32], ca[64];
	char wrong[400];
	char *requests[STEPS_MAX];
};

static void make_certificate(struct fake_hub *fake)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *san =
		X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:" FAKE_HOST);
	FILE *f;
	int fd;

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), getpid());
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
				   (const unsigned char *)"fake hub", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_add_ext(cert, san, -1);
	X509_EXTENSION_free(san);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	SSL_CTX_use_certificate(fake->tls, cert);
	SSL_CTX_use_PrivateKey(fake->tls, key);
	strcpy(fake->ca, "/tmp/fake-hub-XXXXXX");
	fd = mkstemp(fake->ca);
	f = fdopen(fd, "w");
	PEM_write_X509(f, cert);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* Head and body; NULL at the end of the connection. */
static char *read_request(SSL *tls)
{
	size_t room = 1 << 17, n = 0, want = 0;
	char *text = calloc(1, room);

	while (!want || n < want) {
		int got = n + 1 < room ? SSL_read(tls, text + n, (int)(room - n - 1)) : 0;
		char *end, *len;

		if (got <= 0) {
			free(text);
			return NULL;
		}
		n += (size_t)got;
		text[n] = '\0';
		end = strstr(text, "\r\n\r\n");
		if (!end || want)
			continue;
		len = strcasestr(text, "\r\ncontent-length:");
		want = (size_t)(end + 4 - text) + (len ? strtoul(len + 17, NULL, 10) : 0);
	}
	return text;
}

static bool fits(const struct fake_step *s, const char *request)
{
	return strncmp(request, s->want, strlen(s->want)) == 0 &&
	       (!s->has || strstr(request, s->has));
}

/* The first step from the one that is due on; the last one that it could have been. */
static const struct fake_step *search(struct fake_hub *fake, const char *request)
{
	const struct fake_step *found = NULL;

	for (size_t i = 0; i < fake->n; i++) {
		if (!fits(&fake->steps[i], request))
			continue;
		found = &fake->steps[i];
		if (i < fake->taken)
			continue;
		fake->taken = i + 1;
		break;
	}
	return found;
}

static const struct fake_step *match(struct fake_hub *fake, char *request)
{
	const struct fake_step *s;

	if (fake->loose) {
		s = search(fake, request);
		free(request);
		return s;
	}
	if (fake->taken == fake->n) {
		if (!fake->wrong[0])
			snprintf(fake->wrong, sizeof(fake->wrong), "unasked: %.300s",
				 request);
		free(request);
		return NULL;
	}
	s = &fake->steps[fake->taken];
	fake->requests[fake->taken++] = request;
	if (!fits(s, request) && !fake->wrong[0])
		snprintf(fake->wrong, sizeof(fake->wrong), "not %s with %s, but %.300s",
			 s->want, s->has ? s->has : "anything", request);
	return s;
}

static bool answer(SSL *tls, const struct fake_step *s)
{
	size_t len = s->body ? strlen(s->body) : 0;
	size_t room = len + 1024;
	char *text;
	int n;

	if (s->delay_ms)
		usleep(s->delay_ms * 1000);
	if (s->status == 0)
		return false;
	text = malloc(room);
	n = snprintf(text, room, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n%s",
		     s->status, len,
		     s->headers ? s->headers : "Content-Type: application/json\r\n",
		     s->body ? s->body : "");
	n = SSL_write(tls, text, n);
	free(text);
	return n > 0;
}

static void *serve(void *ctx)
{
	struct connection *c = ctx;
	SSL *tls = SSL_new(c->fake->tls);

	SSL_set_fd(tls, c->fd);
	if (SSL_accept(tls) == 1) {
		const struct fake_step *s;
		char *request;

		do {
			request = read_request(tls);
			pthread_mutex_lock(&c->fake->lock);
			s = request ? match(c->fake, request) : NULL;
			pthread_mutex_unlock(&c->fake->lock);
		} while (s && answer(tls, s));
	}
	shutdown(c->fd, SHUT_RDWR);
	SSL_free(tls);
	return NULL;
}

static void *run(void *ctx)
{
	struct fake_hub *fake = ctx;
	int fd, on = 1;

	while (fake->n_connections < CONNECTIONS_MAX &&
	       (fd = accept(fake->listener, NULL, NULL)) >= 0) {
		struct connection *c = &fake->connections[fake->n_connections++];

		c->fake = fake;
		c->fd = fd;
		/* An answer is not to wait until the handshake's end is acknowledged. */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		pthread_create(&c->thread, NULL, serve, c);
	}
	return NULL;
}

struct fake_hub *fake_start(const struct fake_step *steps, size_t n)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct fake_hub *fake = calloc(1, sizeof(*fake));
	socklen_t len = sizeof(addr);

	assert_true(n <= STEPS_MAX);
	signal(SIGPIPE, SIG_IGN);
	fake->steps = steps;
	fake->n = n;
	pthread_mutex_init(&fake->lock, NULL);
	fake->tls = SSL_CTX_new(TLS_server_method());
	make_certificate(fake);
	fake->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fake->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fake->listener, 8), 0);
	getsockname(fake->listener, (struct sockaddr *)&addr, &len);
	snprintf(fake->address, sizeof(fake->address), "127.0.0.1:%u",
		 ntohs(addr.sin_port));
	pthread_create(&fake->thread, NULL, run, fake);
	return fake;
}

static void stop(struct fake_hub *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->listener);
	for (size_t i = 0; i < fake->n_connections; i++) {
		shutdown(fake->connections[i].fd, SHUT_RDWR);
		pthread_join(fake->connections[i].thread, NULL);
		close(fake->connections[i].fd);
	}
	unlink(fake->ca);
	SSL_CTX_free(fake->tls);
	for (size_t i = 0; i < STEPS_MAX; i++)
		free(fake->requests[i]);
}

void fake_drop(struct fake_hub *fake)
{
	stop(fake);
	free(fake);
}

void fake_loosen(struct fake_hub *fake)
{
	fake->loose = true;
}

void fake_end(struct fake_hub *fake)
{
	char wrong[400];
	size_t taken, n = fake->n;

	stop(fake);
	taken = fake->taken;
	memcpy(wrong, fake->wrong, sizeof(wrong));
	free(fake);
	if (wrong[0])
		fail_msg("%s", wrong);
	if (taken != n)
		fail_msg("%zu of %zu requests came", taken, n);
}

const char *fake_address(const struct fake_hub *fake)
{
	return fake->address;
}

const char *fake_ca(const struct fake_hub *fake)
{
	return fake->ca;
}

const char *fake_request(const struct fake_hub *fake, size_t i)
{
	return fake->requests[i];
}

struct prov_hub *fake_open_as(const struct fake_hub *fake, const char *credentials,
			      const struct prov_hub_opts *opts)
{
	struct prov_hub_opts o = opts ? *opts : (struct prov_hub_opts){ 0 };
	struct prov_hub *hub = NULL;
	struct prov_connstr cs;
	char text[600];

	o.ca_file = o.ca_file ? o.ca_file : fake->ca;
	o.connect_to = fake->address;
	o.backoff_ms = o.backoff_ms ? o.backoff_ms : 2;
	o.timeout_ms = o.timeout_ms ? o.timeout_ms : 5000;
	snprintf(text, sizeof(text), "HostName=" FAKE_HOST ";%s", credentials);
	assert_int_equal(prov_connstr_parse(text, &cs, NULL), 0);
	assert_int_equal(prov_hub_open(&cs, &o, &hub, NULL), 0);
	prov_connstr_clear(&cs);
	return hub;
}

struct prov_hub *fake_open(const struct fake_hub *fake, const struct prov_hub_opts *opts)
{
	return fake_open_as(
		fake, "SharedAccessKeyName=registryReadWrite;SharedAccessKey=" TEST_KEY,
		opts);
}
