/* What the files of this folder know of the server: its hub, and who reads what. */
#ifndef HUB_AMQP_SERVER_H
#define HUB_AMQP_SERVER_H

#include "amqp/amqp.h"
#include "amqp/connection.h"
#include "amqp/content.h"

struct reader;

struct server {
	struct hub *hub;
	struct tls *tls;
	struct listener listener;
	struct door door;
	int epoll_fd;
	int wake_fd;
	pthread_t thread;
	bool started;
	_Atomic bool closing;
	_Atomic bool stored; /* since it was last looked */
	struct connection *connections;
	size_t count;
	struct reader *readers; /* reader.c */
	struct content content; /* what is being read; of the thread */
	struct attached *noted; /* with the hub's lock: those that something is for */
};

/* From any thread. */
void server_wake(struct server *server);

#endif
