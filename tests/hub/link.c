/*
 * A link that breaks: a proxy in front of 127.0.0.1 and PORT, which counts the records of
 * TLS in both directions, over all connections, and does one thing at one of them.
 *
 *	link PORT [cut|reset|hang|slow N [again]]
 *
 *	cut	the connection ends, with what went before record N
 *	reset	the same, by RST
 *	hang	nothing goes through that connection any more, but it stays open
 *	slow	from there on 16 bytes at a time, a millisecond apart
 *
 * All other connections, before and after, go through whole. With `again`, the first record
 * after a line on standard input is cut, and from there on they are counted; N 0 does no
 * more. Prints its own port, a line with the number when it strikes, and how many records
 * there were when standard input ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 64, HEADER = 5, HELD = 65536, SLOW_MS = 1, SLOW_BYTES = 16 };
enum strike { NOTHING, CUT, RESET, HANG, SLOW };

static const char *const strikes[] = { "nothing", "cut", "reset", "hang", "slow" };

/* One direction: what was read and is not written yet. */
struct way {
	unsigned char held[HELD];
	size_t len;
	size_t safe; /* of it that may go: whole records' beginnings were counted */
	size_t left; /* of the record that goes through */
	bool ended;  /* the sender has closed */
	bool told;   /* and the receiver knows */
};

struct connection {
	int fd[2]; /* of the client and of the server; -1: the connection is free */
	struct way way[2]; /* from there */
	bool resets;
	bool hangs;
	bool slow;
};

static struct connection connections[CONNECTIONS];
static enum strike strike;
static unsigned long strike_at, records;
static bool counts = true, again;

static struct sockaddr_in local(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static void drop(struct connection *c, bool reset)
{
	struct linger now = { 1, 0 };

	for (int i = 0; i < 2; i++) {
		if (reset)
			setsockopt(c->fd[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(c->fd[i]);
	}
	c->fd[0] = -1;
}

/* What happens at record `records`. */
static enum strike what_now(void)
{
	if (again) {
		again = false;
		counts = true;
		records = 0;
		return CUT;
	}
	return counts && records == strike_at ? strike : NOTHING;
}

/* A record begins in this connection. False: it goes no further. */
static bool strikes_now(struct connection *c)
{
	enum strike what = what_now();

	if (what != NOTHING)
		printf("%s %lu\n", strikes[what], records);
	c->resets = what == RESET;
	c->hangs = what == HANG;
	c->slow = c->slow || what == SLOW;
	return what == NOTHING || what == SLOW;
}

/* How much of what is held may go; looks at each record's header. */
static bool look(struct connection *c, struct way *way)
{
	while (way->safe < way->len) {
		size_t rest = way->len - way->safe;

		if (way->left == 0) {
			const unsigned char *head = way->held + way->safe;

			if (rest < HEADER)
				return true;
			records++;
			if (!strikes_now(c))
				return false;
			way->left = HEADER + (size_t)(head[3] << 8 | head[4]);
		}
		if (rest > way->left)
			rest = way->left;
		way->safe += rest;
		way->left -= rest;
	}
	return true;
}

static void pass(struct connection *c, int from)
{
	struct way *way = &c->way[from];
	size_t most = c->slow && way->safe > SLOW_BYTES ? SLOW_BYTES : way->safe;
	ssize_t n = most ? write(c->fd[!from], way->held, most) : 0;

	if (n > 0) {
		memmove(way->held, way->held + n, way->len - (size_t)n);
		way->len -= (size_t)n;
		way->safe -= (size_t)n;
	}
	if (n < 0 && errno != EAGAIN) {
		drop(c, true);
	} else if (way->ended && way->len == 0 && !way->told) {
		shutdown(c->fd[!from], SHUT_WR);
		way->told = true;
	}
}

static void take(struct connection *c, int from)
{
	struct way *way = &c->way[from];
	ssize_t n = read(c->fd[from], way->held + way->len, HELD - way->len);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		drop(c, true);
		return;
	}
	if (n == 0) {
		way->ended = true;
		way->safe = way->len; /* what is no record is no business of ours */
		return;
	}
	way->len += (size_t)n;
	if (look(c, way))
		return;
	if (c->hangs)
		return;
	while (c->fd[0] >= 0 && way->safe > 0) /* what went before it */
		pass(c, from);
	if (c->fd[0] >= 0)
		drop(c, c->resets);
}

static void welcome(int listener, unsigned port)
{
	int client = accept(listener, NULL, NULL);
	int server = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in to = local(port);
	struct connection *c = connections;
	int one = 1;

	while (c < connections + CONNECTIONS && c->fd[0] >= 0)
		c++;
	if (client < 0 || c == connections + CONNECTIONS ||
	    connect(server, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(client);
		close(server);
		return;
	}
	memset(c, 0, sizeof(*c));
	c->fd[0] = client;
	c->fd[1] = server;
	for (int i = 0; i < 2; i++) {
		fcntl(c->fd[i], F_SETFL, O_NONBLOCK);
		setsockopt(c->fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
}

/* What to wait for; returns a time-out, for what is slow. */
static int prepare(struct pollfd *fds)
{
	int sleep_ms = -1;

	for (int i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &connections[i];

		for (int from = 0; from < 2; from++) {
			bool alive = c->fd[0] >= 0 && !c->hangs;
			struct way *way = &c->way[from], *back = &c->way[!from];
			struct pollfd *fd = &fds[2 * i + from];

			*fd = (struct pollfd){ alive ? c->fd[from] : -1, 0, 0 };
			if (alive && !way->ended && way->len < HELD)
				fd->events |= POLLIN;
			if (alive && back->safe > 0 && !c->slow)
				fd->events |= POLLOUT;
			if (alive && back->safe > 0 && c->slow)
				sleep_ms = SLOW_MS;
		}
	}
	return sleep_ms;
}

static void serve(const struct pollfd *fds)
{
	for (int i = 0; i < CONNECTIONS; i++) {
		struct connection *c = &connections[i];

		for (int from = 0; from < 2 && c->fd[0] >= 0 && !c->hangs; from++) {
			if (fds[2 * i + from].fd < 0)
				continue;
			if (fds[2 * i + from].revents & (POLLIN | POLLHUP | POLLERR) &&
			    !c->way[from].ended)
				take(c, from);
			if (c->fd[0] >= 0 && !c->hangs)
				pass(c, from);
		}
		if (c->fd[0] >= 0 && c->way[0].told && c->way[1].told)
			drop(c, false);
	}
}

static enum strike parse_strike(const char *name)
{
	for (int i = CUT; i <= SLOW; i++)
		if (strcmp(name, strikes[i]) == 0)
			return (enum strike)i;
	fprintf(stderr, "link: what is %s?\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in own = local(0);
	socklen_t len = sizeof(own);
	struct pollfd fds[2 + 2 * CONNECTIONS];
	bool twice = argc == 5 && strcmp(argv[4], "again") == 0;
	char line[64];

	if (argc == 4 || twice) {
		strike = parse_strike(argv[2]);
		strike_at = strtoul(argv[3], NULL, 10);
	}
	counts = !twice;
	for (int i = 0; i < CONNECTIONS; i++)
		connections[i].fd[0] = -1;
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if ((argc != 2 && argc != 4 && !twice) ||
	    bind(listener, (struct sockaddr *)&own, sizeof(own)) < 0 ||
	    listen(listener, 64) < 0 ||
	    getsockname(listener, (struct sockaddr *)&own, &len) < 0)
		return 2;
	printf("%u\n", ntohs(own.sin_port));
	for (;;) {
		int sleep_ms = prepare(fds + 2);

		fds[0] = (struct pollfd){ STDIN_FILENO, POLLIN, 0 };
		fds[1] = (struct pollfd){ listener, POLLIN, 0 };
		if (poll(fds, 2 + 2 * CONNECTIONS, sleep_ms) < 0)
			return 1;
		if (fds[0].revents) {
			if (read(STDIN_FILENO, line, sizeof(line)) <= 0)
				break;
			again = twice;
		}
		if (fds[1].revents)
			welcome(listener, (unsigned)strtoul(argv[1], NULL, 10));
		serve(fds + 2);
	}
	printf("records %lu\n", records);
	return 0;
}
