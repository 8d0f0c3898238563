#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PROTOCOL_LEVEL = 4,
	KEEP_ALIVE_S = 600,
	CLEAN = 0x02,
	USER = 0x80,
	PASSWORD = 0x40
};

/* -- the connection ------------------------------------------------------------------ */

SSL_CTX *client_tls(const char *ca_file)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				      SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_load_verify_file(tls, ca_file) == 1)
		return tls;
	SSL_CTX_free(tls);
	return NULL;
}

bool client_open(struct client *c, SSL_CTX *tls, unsigned port, const char *host)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int one = 1;

	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(c, 0, sizeof(*c));
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		c->lost = strerror(errno);
		return false;
	}
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->ssl = SSL_new(tls);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_tlsext_host_name(c->ssl, host);
	SSL_set1_host(c->ssl, host);
	SSL_set_connect_state(c->ssl);
	return true;
}

void client_close(struct client *c)
{
	SSL_free(c->ssl);
	free(c->out);
	if (c->fd >= 0)
		close(c->fd);
	c->ssl = NULL;
	c->out = NULL;
	c->out_len = c->out_room = 0;
	c->fd = -1;
}

/* What a call of OpenSSL came to that did not succeed. */
static void failed(struct client *c, int rc)
{
	int why = SSL_get_error(c->ssl, rc);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return;
	c->lost = SSL_get_verify_result(c->ssl) != X509_V_OK ? "the server is another"
		  : why == SSL_ERROR_ZERO_RETURN             ? "closed by the server"
							     : "the link is cut";
}

bool client_write(struct client *c)
{
	int n;

	if (!SSL_is_init_finished(c->ssl)) {
		n = SSL_do_handshake(c->ssl);
		if (n != 1) {
			failed(c, n);
			return SSL_want_write(c->ssl);
		}
	}
	while (!c->lost && c->out_len > 0) {
		n = SSL_write(c->ssl, c->out, (int)c->out_len);
		if (n <= 0) {
			failed(c, n);
			break;
		}
		c->out_len -= (size_t)n;
		memmove(c->out, c->out + n, c->out_len);
	}
	return c->out_len > 0;
}

bool client_read(struct client *c)
{
	int n;

	memmove(c->in, c->in + c->in_at, c->in_len - c->in_at);
	c->in_len -= c->in_at;
	c->in_at = 0;
	if (c->lost || !SSL_is_init_finished(c->ssl))
		return false;
	if (c->in_len == CLIENT_IN) {
		c->lost = "a packet is too long";
		return false;
	}
	n = SSL_read(c->ssl, c->in + c->in_len, (int)(CLIENT_IN - c->in_len));
	if (n <= 0) {
		failed(c, n);
		return false;
	}
	c->in_len += (size_t)n;
	return true;
}

/* -- packets ------------------------------------------------------------------------- */

static void put(struct client *c, const void *data, size_t len)
{
	if (c->out_len + len > c->out_room) {
		c->out_room = 2 * (c->out_len + len);
		c->out = realloc(c->out, c->out_room);
		if (!c->out)
			abort();
	}
	memcpy(c->out + c->out_len, data, len);
	c->out_len += len;
}

static void put_number(struct client *c, size_t number)
{
	unsigned char two[2] = { (unsigned char)(number >> 8), (unsigned char)number };

	put(c, two, 2);
}

static void put_text(struct client *c, const char *text)
{
	put_number(c, strlen(text));
	put(c, text, strlen(text));
}

/* The fixed header: the length in sevens of bits, the lowest first (2.2.3). */
static void put_header(struct client *c, unsigned first, size_t len)
{
	unsigned char byte = (unsigned char)first;

	put(c, &byte, 1);
	do {
		byte = (unsigned char)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
		put(c, &byte, 1);
		len >>= 7;
	} while (len > 0);
}

void client_connect(struct client *c, const char *id, const char *user,
		    const char *password)
{
	unsigned char level_flags[2] = { PROTOCOL_LEVEL, CLEAN | USER | PASSWORD };

	put_header(c, CONNECT << 4,
		   10 + 6 + strlen(id) + strlen(user) + strlen(password));
	put_text(c, "MQTT");
	put(c, level_flags, 2);
	put_number(c, KEEP_ALIVE_S);
	put_text(c, id);
	put_text(c, user);
	put_text(c, password);
}

void client_subscribe(struct client *c, uint16_t id, const char *topic)
{
	put_header(c, SUBSCRIBE << 4 | 2, 2 + 2 + strlen(topic) + 1);
	put_number(c, id);
	put_text(c, topic);
	put(c, "\1", 1);
}

void client_publish(struct client *c, uint16_t id, const char *topic, const char *body,
		    size_t len)
{
	put_header(c, PUBLISH << 4 | 2, 2 + strlen(topic) + 2 + len);
	put_text(c, topic);
	put_number(c, id);
	put(c, body, len);
}

void client_puback(struct client *c, uint16_t id)
{
	put_header(c, PUBACK << 4, 2);
	put_number(c, id);
}

bool client_next(struct client *c, struct packet *packet)
{
	const unsigned char *at = c->in + c->in_at;
	size_t have = c->in_len - c->in_at, used = 1, len = 0;

	do {
		if (used >= have || used > 4)
			return false;
		len |= (size_t)(at[used] & 0x7f) << (7 * (used - 1));
	} while (at[used++] & 0x80);
	if (have - used < len)
		return false;
	packet->type = (enum packet_type)(at[0] >> 4);
	packet->qos = at[0] >> 1 & 3;
	packet->body = at + used;
	packet->len = len;
	c->in_at += used + len;
	return true;
}
