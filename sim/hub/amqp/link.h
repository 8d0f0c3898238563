/* Links of a connection that come and go, each with the node at its end. */
#ifndef HUB_AMQP_LINK_H
#define HUB_AMQP_LINK_H

#include "amqp/connection.h"

/* The client attaches it: to a node of the kind that its address names, if it may. */
void link_opened(struct connection *connection, pn_link_t *link);
/* The client has detached it; it is gone. */
void link_closed(pn_link_t *link);
/* Ends the node, and frees it; the link is left without. */
void link_drop(struct node *node);

#endif
