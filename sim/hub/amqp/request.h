/* Requests that come by one link, and their answers by another. */
#ifndef HUB_AMQP_REQUEST_H
#define HUB_AMQP_REQUEST_H

#include <stdlib.h>
#include <string.h>

#include "amqp/connection.h"
#include "amqp/content.h"

struct reply {
	struct node *to;
	pn_message_t *message;
};

/*
 * Begins an answer, with the id of the request. It goes to the link of this kind that the
 * request names in reply-to, else to any of the connection's. False: there is none, or
 * too many answers wait there.
 */
bool reply_open(struct reply *reply, struct node *from, const struct node_kind *to,
		const struct content *request);
/* Adds the status, as $cbs and $management have it. */
void reply_status(struct reply *reply, int status, const char *description);
/* Sends it, and ends it. */
void reply_send(struct reply *reply);

#endif
