#include "amqp/sent.h"

#include <stdio.h>
#include <stdlib.h>

struct sent {
	struct sent *next;
	pn_delivery_t *delivery;
	char lock[LOCK_TEXT];
};

bool sent_add(struct sent **list, struct node *node, pn_message_t *message,
	      const char *lock)
{
	struct sent *sent = calloc(1, sizeof(*sent));

	if (!sent) /* it is sent again when the lock is over */
		return true;
	sent->delivery = node_send_locked(node, message, lock);
	if (!sent->delivery) {
		free(sent);
		return false;
	}
	snprintf(sent->lock, sizeof(sent->lock), "%s", lock);
	sent->next = *list;
	*list = sent;
	return true;
}

/* False: the client has said nothing that ends it. */
static bool read_outcome(pn_delivery_t *delivery, enum c2d_outcome *outcome)
{
	switch (pn_delivery_remote_state(delivery)) {
	case PN_ACCEPTED:
		*outcome = C2D_COMPLETE;
		return true;
	case PN_REJECTED:
		*outcome = C2D_REJECT;
		return true;
	case PN_RELEASED:
	case PN_MODIFIED:
		*outcome = C2D_ABANDON;
		return true;
	default:
		*outcome = C2D_ABANDON;
		return pn_delivery_settled(delivery);
	}
}

bool sent_take(struct sent **list, pn_delivery_t *delivery, char lock[LOCK_TEXT],
	       enum c2d_outcome *outcome)
{
	struct sent **at = list;
	struct sent *sent;

	while (*at && (*at)->delivery != delivery)
		at = &(*at)->next;
	sent = *at;
	if (!sent || !read_outcome(delivery, outcome))
		return false;
	snprintf(lock, LOCK_TEXT, "%s", sent->lock);
	*at = sent->next;
	free(sent);
	return true;
}

void sent_free(struct sent **list)
{
	while (*list) {
		struct sent *sent = *list;

		*list = sent->next;
		free(sent);
	}
}
