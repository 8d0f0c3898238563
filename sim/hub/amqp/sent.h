/* Messages that were sent under a lock, until the client says what it made of them. */
#ifndef HUB_AMQP_SENT_H
#define HUB_AMQP_SENT_H

#include "amqp/node.h"

struct sent;

/*
 * Sends the message, and remembers its lock in the list. False: it is sent, but there is
 * nothing to wait for: the client has asked for messages that are settled.
 */
bool sent_add(struct sent **list, struct node *node, pn_message_t *message,
	      const char *lock);
/*
 * True, with the lock and what is to be done, when the client has said that; the delivery
 * is settled then.
 */
bool sent_take(struct sent **list, pn_delivery_t *delivery, char lock[LOCK_TEXT],
	       enum c2d_outcome *outcome);
void sent_free(struct sent **list);

#endif
