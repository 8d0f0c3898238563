/*
 * A device, or a module of one, that is connected by AMQP: what its links have in common.
 * A connection may have several, as gateways do. It is there from its first link to its
 * last.
 */
#ifndef HUB_AMQP_ATTACHED_H
#define HUB_AMQP_ATTACHED_H

#include "amqp/node.h"
#include "login.h"

struct server;
struct note;

struct attached {
	struct presence presence; /* the first: what is called knows no other */
	struct attached *next;    /* of the connection's */
	struct connection *connection;
	struct identity identity;
	struct device device; /* with its row alone, as c2d.h wants it */
	struct claim *claim;  /* NULL: a certificate */
	unsigned nodes;
	/* With the hub's lock: what others have noted, and what they may. */
	struct attached *next_noted;
	bool noted;
	const char *why_closed; /* NULL: it is not */
	struct note *notes;
	size_t note_count;
	bool takes_methods;
	bool takes_desired;
};

/*
 * Lets the node's device in, once a connection, which closes the one that it had
 * elsewhere. False: the node was refused.
 */
bool attached_enter(struct node *node);
void attached_leave(struct node *node);
/* Its device has sent or received a message. */
void attached_active(struct node *node);

/* Does what others have noted for devices meanwhile. On the thread of AMQP. */
void attached_run(struct server *server);

/* The node of this kind of the same device; NULL: there is none. */
struct node *attached_node(const struct attached *attached, const struct node_kind *kind);

/* What the nodes make of notes. */
void messages_look(struct node *node);
void methods_send(struct node *node, const char *name, const char *rid,
		  const char *payload, size_t len);
void twin_send_desired(struct node *node, const char *patch, size_t len);

#endif
