#include "door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "log.h"

static unsigned port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	return ntohs(address->ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
}

static bool listen_at(int fd, struct sockaddr_storage *address)
{
	socklen_t len = sizeof(*address);
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
	       bind(fd, (struct sockaddr *)address, len) == 0 &&
	       listen(fd, SOMAXCONN) == 0 &&
	       getsockname(fd, (struct sockaddr *)address, &len) == 0;
}

static int open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool door_open(struct door *door, const char *protocol, const char *address,
	       unsigned *port, char *err, size_t err_bytes)
{
	struct sockaddr_storage at;

	door->protocol = protocol;
	if (!address_parse(&at, address, *port)) {
		snprintf(err, err_bytes, "%s: is no IP address", address);
		return false;
	}
	door->fd = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (door->fd < 0 || !listen_at(door->fd, &at)) {
		snprintf(err, err_bytes, "cannot listen on %s port %u for %s: %s",
			 address, *port, protocol, strerror(errno));
		return false;
	}
	*port = port_of(&at);
	door->spare_fd = open_spare();
	return true;
}

void door_close(struct door *door)
{
	if (door->fd >= 0)
		close(door->fd);
	if (door->spare_fd >= 0)
		close(door->spare_fd);
	door->fd = door->spare_fd = -1;
}

static void name_from(const struct sockaddr_storage *address, char from[DOOR_FROM])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	char ip[INET6_ADDRSTRLEN] = "?";

	inet_ntop(address->ss_family,
		  address->ss_family == AF_INET ? (const void *)&v4->sin_addr
						: &v6->sin6_addr,
		  ip, sizeof(ip));
	snprintf(from, DOOR_FROM, "%s:%u", ip, port_of(address));
}

static void turn_away(struct door *door)
{
	int fd;

	if (door->spare_fd >= 0)
		close(door->spare_fd);
	fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	door->spare_fd = open_spare();
	log_event("%s: a connection is closed: no descriptor is left for it",
		  door->protocol);
}

int door_let_in(struct door *door, char from[DOOR_FROM])
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);
	int fd = accept4(door->fd, (struct sockaddr *)&address, &len,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	int one = 1;

	if (fd >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		name_from(&address, from);
		return fd;
	}
	if (errno != EMFILE && errno != ENFILE)
		return DOOR_NOBODY;
	turn_away(door);
	return DOOR_TURNED_AWAY;
}
