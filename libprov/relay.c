#include "relay.h"

#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX 1024

struct relay {
	char host[PROV_HOST_MAX + 1], port[8];
	char url[40];
	int listener;
	int end[2];         /* a pipe: closing its second half ends the thread */
	volatile int ended; /* for who cannot wait for that */
	pthread_t thread;
};

/* What goes one way: bytes `at` to `len` are to be written yet. */
struct way {
	int from, to;
	size_t at, len;
	bool shut; /* there is no more */
	char bytes[65536];
};

/* -- connecting --------------------------------------------------------------------- */

/* Connected or failed, unless the end comes first. */
static bool connects(const struct relay *r, int fd, const struct addrinfo *to)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLOUT }, { .fd = r->end[0] } };
	socklen_t len = sizeof(int);
	int failed = 0;

	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS || poll(p, 2, -1) <= 0 || p[1].revents)
		return false;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) == 0 && failed == 0;
}

static void tune(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int reach(const struct relay *r)
{
	struct addrinfo *all = NULL, *a;
	int fd = -1;

	if (resolve(r->host, r->port, INT64_MAX, &r->ended, &all) != RESOLVED)
		return -1;
	for (a = all; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 && !connects(r, fd, a)) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(all);
	if (fd >= 0)
		tune(fd);
	return fd;
}

/* -- the bytes ---------------------------------------------------------------------- */

/*
 * False: the connection is lost. What came is acknowledged at once (tcp(7): it is no lasting
 * option), as paho and brokers leave Nagle's algorithm on and would wait for that.
 */
static bool fill(struct way *w)
{
	ssize_t n = read(w->from, w->bytes, sizeof(w->bytes));
	int on = 1;

	setsockopt(w->from, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	w->at = 0;
	w->len = (size_t)n;
	w->shut = n == 0;
	if (w->shut)
		shutdown(w->to, SHUT_WR);
	return true;
}

static bool drain(struct way *w)
{
	ssize_t n = send(w->to, w->bytes + w->at, w->len - w->at, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	w->at += (size_t)n;
	return true;
}

static bool step(struct way *w)
{
	bool good = true;

	if (!w->shut && w->at == w->len)
		good = fill(w);
	if (good && w->at < w->len)
		good = drain(w);
	return good;
}

static void pump(const struct relay *r, struct way *out, struct way *in)
{
	struct way *const ways[] = { out, in };
	bool good = true;

	while (good && !(out->shut && in->shut)) {
		struct pollfd p[3] = { { .fd = out->from },
				       { .fd = in->from },
				       { .fd = r->end[0] } };

		for (size_t i = 0; i < 2; i++) {
			if (ways[i]->at < ways[i]->len)
				p[1 - i].events |= POLLOUT;
			else if (!ways[i]->shut)
				p[i].events |= POLLIN;
		}
		if (poll(p, 3, -1) < 0 && errno != EINTR)
			return;
		if (p[2].revents)
			return;
		good = step(out) && step(in);
	}
}

/* -- the thread --------------------------------------------------------------------- */

/*
 * Paho looks for the answer as soon as it has asked, and then four times a second: it is
 * there before the question. Whether the other side can be reached shows in what follows.
 */
static bool greet(int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\n\r\n";

	return send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) == sizeof(answer) - 1;
}

/* The request's end; what is behind it stays in `out`. */
static bool take_request(const struct relay *r, struct way *out)
{
	const char *end = NULL;

	while (!end && out->len < REQUEST_MAX) {
		struct pollfd p[2] = { { .fd = out->from, .events = POLLIN },
				       { .fd = r->end[0] } };
		ssize_t n;

		if (poll(p, 2, -1) <= 0 || p[1].revents)
			return false;
		n = read(out->from, out->bytes + out->len, REQUEST_MAX - out->len);
		if (n <= 0)
			return false;
		out->len += (size_t)n;
		end = memmem(out->bytes, out->len, "\r\n\r\n", 4);
	}
	if (end)
		out->at = (size_t)(end + 4 - out->bytes);
	return end != NULL;
}

static void serve(const struct relay *r, int near)
{
	struct way *ways = calloc(2, sizeof(*ways));
	int far;

	if (!ways)
		return;
	ways[0].from = near;
	if (greet(near) && take_request(r, &ways[0]) && (far = reach(r)) >= 0) {
		ways[0].to = ways[1].from = far;
		ways[1].to = near;
		pump(r, &ways[0], &ways[1]);
		close(far);
	}
	free(ways);
}

static void *run(void *ctx)
{
	const struct relay *r = ctx;
	struct pollfd p[2] = { { .fd = r->listener, .events = POLLIN },
			       { .fd = r->end[0] } };
	int near;

	if (poll(p, 2, -1) <= 0 || p[1].revents)
		return NULL;
	near = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (near < 0)
		return NULL;
	tune(near);
	serve(r, near);
	close(near);
	return NULL;
}

static bool listens(struct relay *r)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->listener < 0 || bind(r->listener, (struct sockaddr *)&at, len) < 0 ||
	    listen(r->listener, 1) < 0 ||
	    getsockname(r->listener, (struct sockaddr *)&at, &len) < 0)
		return false;
	snprintf(r->url, sizeof(r->url), "127.0.0.1:%u", ntohs(at.sin_port));
	return true;
}

/* "HOST:PORT", the host perhaps in brackets. */
static bool take_address(struct relay *r, const char *to)
{
	const char *colon = strrchr(to, ':');
	size_t len = colon ? (size_t)(colon - to) : 0;

	if (len >= 2 && to[0] == '[' && to[len - 1] == ']') {
		to++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof(r->host) || strlen(colon + 1) >= sizeof(r->port))
		return false;
	memcpy(r->host, to, len);
	strcpy(r->port, colon + 1);
	return true;
}

int relay_open(const char *to, struct relay **out, struct prov_error *err)
{
	struct relay *r = calloc(1, sizeof(*r));
	int rc = 0;

	if (!r)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	r->listener = r->end[0] = r->end[1] = -1;
	if (!take_address(r, to))
		rc = fail(err, PROV_ERR_ARG, "%s: not HOST:PORT", to);
	else if (!listens(r) || pipe2(r->end, O_CLOEXEC) < 0)
		rc = fail(err, PROV_ERR_FILE, "a socket of our own: %m");
	else if (pthread_create(&r->thread, NULL, run, r) != 0) {
		close(r->end[1]);
		r->end[1] = -1;
		rc = fail(err, PROV_ERR_NOMEM, "no thread for a connection");
	}
	if (rc < 0) {
		relay_close(r);
		return rc;
	}
	*out = r;
	return 0;
}

void relay_close(struct relay *relay)
{
	if (!relay)
		return;
	if (relay->end[1] >= 0) {
		relay->ended = 1;
		close(relay->end[1]);
		pthread_join(relay->thread, NULL);
	}
	if (relay->end[0] >= 0)
		close(relay->end[0]);
	if (relay->listener >= 0)
		close(relay->listener);
	free(relay);
}

const char *relay_url(const struct relay *relay)
{
	return relay->url;
}
