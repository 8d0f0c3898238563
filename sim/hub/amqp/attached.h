/*
 * A device, or a module of one, that is connected by AMQP: what its links have in common.
 * A connection may have several, as gateways do.
 */
#ifndef HUB_AMQP_ATTACHED_H
#define HUB_AMQP_ATTACHED_H

struct server;

/* Does what others have noted for devices meanwhile. On the thread of AMQP. */
void attached_run(struct server *server);

#endif
