#include "amqp/request.h"

#include "log.h"

#define REPLIES_MAX 100 /* that a client has not taken */

static struct node *find_node(struct connection *connection, const struct node_kind *kind,
			      const char *reply_to)
{
	struct node *found = NULL;

	for (struct node *node = connection->nodes; node; node = node->next) {
		const char *target;

		if (node->kind != kind || node->closed)
			continue;
		target = pn_terminus_get_address(pn_link_remote_target(node->link));
		if (reply_to && target && strcmp(reply_to, target) == 0)
			return node;
		found = node;
	}
	return found;
}

bool reply_open(struct reply *reply, struct node *from, const struct node_kind *to,
		const struct content *request)
{
	reply->to =
		find_node(from->connection, to, pn_message_get_reply_to(request->proton));
	if (!reply->to || pn_link_unsettled(reply->to->link) >= REPLIES_MAX) {
		log_event("AMQP %s: %s: there is no link for the answer",
			  from->connection->peer, from->name);
		return false;
	}
	reply->message = pn_message();
	if (!reply->message)
		return false;
	pn_message_set_correlation_id(reply->message, pn_message_get_id(request->proton));
	return true;
}

static void put_name(pn_data_t *to, const char *name)
{
	pn_data_put_string(to, pn_bytes(strlen(name), name));
}

void reply_status(struct reply *reply, int status, const char *description)
{
	pn_data_t *to = pn_message_properties(reply->message);

	pn_data_put_map(to);
	pn_data_enter(to);
	put_name(to, "status-code");
	pn_data_put_int(to, status);
	put_name(to, "status-description");
	put_name(to, description);
	pn_data_exit(to);
}

void reply_send(struct reply *reply)
{
	node_send_message(reply->to, reply->message);
	pn_message_free(reply->message);
	reply->message = NULL;
}
