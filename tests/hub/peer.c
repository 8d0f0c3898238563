#include "peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

bool peer_open(struct peer *peer, unsigned port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct timeval wait = { PEER_WAITS_S, 0 };

	to.sin_port = htons((uint16_t)port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->ssl = NULL;
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(peer->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(peer->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return true;
	peer_close(peer);
	return false;
}

bool peer_open_tls(struct peer *peer, SSL_CTX *tls, unsigned port)
{
	if (!peer_open(peer, port))
		return false;
	peer->ssl = SSL_new(tls);
	SSL_set_fd(peer->ssl, peer->fd);
	if (SSL_connect(peer->ssl) == 1)
		return true;
	peer_close(peer);
	return false;
}

void peer_close(struct peer *peer)
{
	SSL_free(peer->ssl);
	if (peer->fd >= 0)
		close(peer->fd);
	peer->ssl = NULL;
	peer->fd = -1;
}

bool peer_say(struct peer *peer, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = peer->ssl ? SSL_write(peer->ssl, at, (int)len)
				      : send(peer->fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

size_t peer_hear(struct peer *peer, void *data, size_t room)
{
	ssize_t n = peer->ssl ? SSL_read(peer->ssl, data, (int)room)
			      : recv(peer->fd, data, room, 0);

	return n > 0 ? (size_t)n : 0;
}
