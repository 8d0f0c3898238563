/*
 * A client that does nothing but send what it has ready and wait for the end of the
 * answer, PARALLEL connections at a time: what it reaches is the hub's own ceiling. The
 * token is the first line of standard input. One thread, blocking reads of what poll
 * says is there; certificates are not verified.
 *
 *	null HOST PORT one|bulk COUNT PARALLEL
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BULK         100
#define BODY_MAX     32768
#define PARALLEL_MAX 64
#define API          "?api-version=2021-04-12"
/* In bulk the clients bring keys; here they are the same for all. */
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

struct link {
	SSL *ssl;
	char in[16384]; /* the answer so far */
	size_t len;
};

static struct link links[PARALLEL_MAX];
static char token[1024], host[256];
static size_t count, sent, answered;
static int bulk;

static _Noreturn void give_up(const char *why)
{
	fprintf(stderr, "null: %s\n", why);
	exit(1);
}

static void connect_link(SSL_CTX *ctx, struct link *link, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		give_up("cannot connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	link->ssl = SSL_new(ctx);
	if (!link->ssl || !SSL_set_fd(link->ssl, fd) ||
	    !SSL_set_tlsext_host_name(link->ssl, host) || SSL_connect(link->ssl) != 1)
		give_up("no TLS");
}

static size_t write_body(char *to, size_t room)
{
	size_t len;

	if (!bulk)
		return (size_t)snprintf(to, room, "{\"deviceId\":\"null-%06zu\"}", sent);
	len = (size_t)snprintf(to, room, "[");
	for (size_t i = 0; i < BULK; i++)
		len += (size_t)snprintf(to + len, room - len,
					"%s{\"id\":\"null-%06zu\",\"importMode\":"
					"\"create\",\"status\":\"enabled\","
					"\"authentication\":{\"type\":\"sas\","
					"\"symmetricKey\":{\"primaryKey\":\"" KEY
					"\",\"secondaryKey\":\"" KEY "\"}}}",
					i ? "," : "", sent + i);
	return len + (size_t)snprintf(to + len, room - len, "]");
}

static void send_next(struct link *link)
{
	char body[BODY_MAX], request[BODY_MAX + 4096], target[80];
	size_t body_len = write_body(body, sizeof(body));
	int len;

	snprintf(target, sizeof(target),
		 bulk ? "/devices" API : "/devices/null-%06zu" API, sent);
	len = snprintf(request, sizeof(request),
		       "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: %s\r\n"
		       "Content-Type: application/json; charset=utf-8\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       bulk ? "POST" : "PUT", target, host, token, body_len, body);
	if (SSL_write(link->ssl, request, len) != len)
		give_up("cannot send");
	sent += bulk ? BULK : 1;
	link->len = 0;
}

/* True when the answer is whole; it has to be a good one. */
static int whole(const struct link *link)
{
	const char *end = strstr(link->in, "\r\n\r\n");
	const char *length = strcasestr(link->in, "\r\ncontent-length:");

	if (!end)
		return 0;
	if (strncmp(link->in, "HTTP/1.1 200", 12) != 0 || !length || length > end)
		give_up(link->in);
	return link->len >= (size_t)(end + 4 - link->in) + strtoul(length + 17, NULL, 10);
}

static void receive(struct link *link)
{
	do {
		int n = SSL_read(link->ssl, link->in + link->len,
				 (int)(sizeof(link->in) - 1 - link->len));

		if (n <= 0)
			give_up("the connection was lost");
		link->len += (size_t)n;
		link->in[link->len] = '\0';
	} while (SSL_pending(link->ssl));
	if (!whole(link))
		return;
	answered += bulk ? BULK : 1;
	if (sent < count)
		send_next(link);
}

static void run(size_t parallel)
{
	struct pollfd fds[PARALLEL_MAX];

	for (size_t i = 0; i < parallel; i++) {
		fds[i] = (struct pollfd){ SSL_get_fd(links[i].ssl), POLLIN, 0 };
		if (sent < count)
			send_next(&links[i]);
	}
	while (answered < sent) {
		if (poll(fds, parallel, 30000) <= 0)
			give_up("no answer within 30 s");
		for (size_t i = 0; i < parallel; i++)
			if (fds[i].revents)
				receive(&links[i]);
	}
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	size_t parallel = argc == 6 ? strtoul(argv[5], NULL, 10) : 0;

	if (!ctx || parallel < 1 || parallel > PARALLEL_MAX ||
	    !fgets(token, sizeof(token), stdin))
		give_up("usage: null HOST PORT one|bulk COUNT PARALLEL <TOKEN");
	token[strcspn(token, "\n")] = '\0';
	snprintf(host, sizeof(host), "%s", argv[1]);
	bulk = strcmp(argv[3], "bulk") == 0;
	count = strtoul(argv[4], NULL, 10);
	for (size_t i = 0; i < parallel; i++)
		connect_link(ctx, &links[i], atoi(argv[2]));
	run(parallel);
	return 0;
}
