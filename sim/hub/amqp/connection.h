/* A connection of AMQP: its TLS, its proton engine and its nodes. */
#ifndef HUB_AMQP_CONNECTION_H
#define HUB_AMQP_CONNECTION_H

#include "amqp/claims.h"
#include "amqp/frames.h"
#include "amqp/node.h"
#include "door.h"
#include "tls.h"

#define CONNECTION_FRAME_MAX   65536
#define CONNECTION_SESSIONS    256
#define CONNECTION_NODES       1024
#define CONNECTION_INCOMING    (1024 * 1024) /* bytes of a session that wait, at most */
#define CONNECTION_WAITING_MAX (4 * CONNECTION_INCOMING)
#define CONNECTION_OUTGOING    (256 * 1024) /* more is not made before it is sent */
#define CONNECTION_IDLE_MS     240000       /* Event Hubs' */
#define CONNECTION_CLOSE_MS    1000         /* to say goodbye */
#define CONNECTION_OPEN_MS     30000        /* to say who it is */

struct server;
struct attached;

struct connection {
	struct server *server;
	struct connection *next, *previous;
	int fd;
	char peer[DOOR_FROM]; /* for the log */
	struct tls_link *tls;
	char *certificate; /* PEM, of the client; NULL: none */
	char *chain;
	pn_connection_driver_t driver;
	struct frames frames;
	struct claims claims;
	struct node *nodes;
	size_t node_count;
	struct attached *attached;
	char sasl_user[64]; /* proton keeps the pointer */
	char sasl_why[300];
	bool sasl_asked; /* PLAIN without its answer in the first frame */
	char *bytes;     /* of the message that is being read, and their room */
	size_t room;
	unsigned sessions;
	int64_t open_by_ms; /* INT64_MAX: it has shown something; clock_steady_ms() */
	int64_t tick_ms;    /* when proton or a node wants to be called, likewise */
	int64_t due_ms;     /* the nodes' part of it */
	unsigned polled;    /* what epoll has */
	bool shaken;        /* hands, in TLS */
	bool unsent;        /* the socket took not all */
	bool wants_write;   /* TLS does, to read on */
	bool more;          /* its turn ended before it was done */
	unsigned waiting;   /* nodes that wait for events to be stored */
};

struct connection *connection_new(struct server *server, int fd, struct tls_link *tls,
				  const char *peer);
void connection_free(struct connection *connection);

/* Reads, works, sends what there is and writes; false: it is at its end. */
bool connection_run(struct connection *connection);
/* The same, when time has gone on. */
bool connection_tick(struct connection *connection, int64_t steady_ms, int64_t unix_ms);
bool connection_wants_read(struct connection *connection);
/* Ends it, with a condition; what is to be said is still written. */
void connection_close(struct connection *connection, const char *condition,
		      const char *why);

/* A line in the log about it; `why` may be NULL. */
void connection_complain(const struct connection *connection, const char *what,
			 const char *why);

/* sasl.c */
void sasl_prepare(struct connection *connection, pn_transport_t *transport);

#endif
