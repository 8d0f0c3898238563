/*
 * An HTTP proxy, for what goes through one: CONNECT to whatever leads to 127.0.0.1 and
 * PORT. With a STATUS other than 200 it refuses. Prints its own port, and a line for each
 * CONNECT.
 *
 *	proxy PORT [STATUS]
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in local(unsigned port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* The request up to its empty line. */
static int read_head(int fd, char *to, size_t room)
{
	size_t len = 0;

	while (len < room - 1 && read(fd, to + len, 1) == 1) {
		to[++len] = '\0';
		if (len >= 4 && strcmp(to + len - 4, "\r\n\r\n") == 0)
			return 0;
	}
	return -1;
}

static void pump(int a, int b)
{
	struct pollfd fds[2] = { { a, POLLIN, 0 }, { b, POLLIN, 0 } };
	char bytes[4096];

	while (poll(fds, 2, -1) > 0)
		for (int i = 0; i < 2; i++) {
			ssize_t n = fds[i].revents ? read(fds[i].fd, bytes, sizeof(bytes))
						   : 0;

			if (fds[i].revents &&
			    (n <= 0 || write(fds[1 - i].fd, bytes, (size_t)n) != n))
				return;
		}
}

static void serve(int fd, unsigned port, const char *status)
{
	struct sockaddr_in to = local(port);
	int hub = socket(AF_INET, SOCK_STREAM, 0);
	char head[4096];

	if (read_head(fd, head, sizeof(head)) < 0)
		return;
	printf("%.*s\n", (int)strcspn(head, "\r"), head);
	fflush(stdout);
	dprintf(fd, "HTTP/1.1 %s Proxy\r\n\r\n", status);
	if (strcmp(status, "200") == 0 &&
	    connect(hub, (struct sockaddr *)&to, sizeof(to)) == 0)
		pump(fd, hub);
}

int main(int argc, char **argv)
{
	struct sockaddr_in self = local(0);
	socklen_t len = sizeof(self);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd;

	if (argc < 2 || bind(listener, (struct sockaddr *)&self, len) < 0 ||
	    listen(listener, 8) < 0 ||
	    getsockname(listener, (struct sockaddr *)&self, &len) < 0)
		return 1;
	signal(SIGCHLD, SIG_IGN);
	printf("%u\n", ntohs(self.sin_port));
	fflush(stdout);
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			serve(fd, (unsigned)atoi(argv[1]), argc > 2 ? argv[2] : "200");
			_exit(0);
		}
		close(fd);
	}
	return 1;
}
