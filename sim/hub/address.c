#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool address_parse(struct sockaddr_storage *address, const char *text, unsigned port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return true;
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		return false;
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return true;
}

static unsigned port_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;

	return ntohs(address->ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
}

void address_name(const struct sockaddr_storage *address, char to[ADDRESS_TEXT])
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
	char ip[INET6_ADDRSTRLEN] = "?";

	inet_ntop(address->ss_family,
		  address->ss_family == AF_INET ? (const void *)&v4->sin_addr
						: &v6->sin6_addr,
		  ip, sizeof(ip));
	snprintf(to, ADDRESS_TEXT, "%s:%u", ip, port_of(address));
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

int address_listen(const char *text, unsigned *port, const char *protocol, char *err,
		   size_t err_bytes)
{
	struct sockaddr_storage address;
	int fd;

	if (!address_parse(&address, text, *port)) {
		snprintf(err, err_bytes, "%s: is no IP address", text);
		return -1;
	}
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && listen_at(fd, &address)) {
		*port = port_of(&address);
		return fd;
	}
	snprintf(err, err_bytes, "cannot listen on %s port %u for %s: %s", text, *port,
		 protocol, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}
