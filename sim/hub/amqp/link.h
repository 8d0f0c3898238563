/* Links of a connection that come and go, each with the node at its end. */
#ifndef HUB_AMQP_LINK_H
#define HUB_AMQP_LINK_H

#include "amqp/connection.h"

/* The client attaches it: to a node of the kind that its address names, if it may. */
void link_opened(struct connection *connection, pn_link_t *link);
/*
 * The client has detached it, and may want to attach it again unless it has closed it.
 * It is gone in either case: nothing is kept for it.
 */
void link_detached(pn_link_t *link, bool closed);
/* Ends the node, and frees it; the link is left without. */
void link_drop(struct node *node);

#endif
