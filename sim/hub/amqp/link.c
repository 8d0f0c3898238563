#include "amqp/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

void link_drop(struct node *node)
{
	struct connection *connection = node->connection;
	struct node **at = &connection->nodes;

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	connection->node_count--;
	node_close(node);
	pn_link_set_context(node->link, NULL);
	text_free(&node->held);
	free(node);
}

static const char *said_address(pn_link_t *link, bool hub_sends)
{
	const char *address = pn_terminus_get_address(
		hub_sends ? pn_link_remote_source(link) : pn_link_remote_target(link));

	return address ? address : "";
}

/* The hub takes all that the client asks for in a terminus, but for what it refuses. */
static void attach(pn_link_t *link, bool attached)
{
	if (pn_link_state(link) & PN_LOCAL_ACTIVE)
		return;
	if (attached) {
		pn_terminus_copy(pn_link_source(link), pn_link_remote_source(link));
		pn_terminus_copy(pn_link_target(link), pn_link_remote_target(link));
	}
	pn_link_set_snd_settle_mode(link, pn_link_remote_snd_settle_mode(link));
	pn_link_set_rcv_settle_mode(link, pn_link_remote_rcv_settle_mode(link));
	pn_link_open(link);
}

static void refuse_link(pn_link_t *link, const char *condition, const char *why)
{
	attach(link, false);
	pn_condition_set_name(pn_link_condition(link), condition);
	pn_condition_set_description(pn_link_condition(link), why);
	pn_link_close(link);
}

static struct node *new_node(struct connection *connection, pn_link_t *link,
			     const struct node_kind *kind, const struct place *place)
{
	struct node *node = calloc(1, kind->bytes);

	if (!node)
		return NULL;
	node->kind = kind;
	node->connection = connection;
	node->link = link;
	node->place = *place;
	snprintf(node->name, sizeof(node->name), "%s", said_address(link, kind->sends));
	node->next = connection->nodes;
	connection->nodes = node;
	connection->node_count++;
	pn_link_set_context(link, node);
	return node;
}

static void open_node(struct node *node)
{
	const struct node_kind *kind = node->kind;

	if (!kind->open(node)) {
		link_drop(node);
		return;
	}
	if (!kind->sends)
		pn_link_set_max_message_size(node->link, kind->message_max);
	attach(node->link, true);
	if (!kind->sends)
		pn_link_flow(node->link, (int)kind->credit);
	node->connection->open_by_ms = INT64_MAX;
	log_detail("AMQP %s: %s %s", node->connection->peer, kind->name, node->name);
}

void link_opened(struct connection *connection, pn_link_t *link)
{
	bool sends = pn_link_is_sender(link);
	const char *said = said_address(link, sends);
	const struct node_kind *kind = NULL;
	struct place place;
	struct node *node = NULL;
	char why[300];

	if (pn_link_get_context(link))
		return;
	if (place_parse(&place, said))
		kind = node_kind_of(place.kind, sends);
	if (!kind) {
		snprintf(why, sizeof(why), "nobody can %s '%s' here",
			 sends ? "receive from" : "send to", said);
		connection_complain(connection, "amqp:not-found", why);
		refuse_link(link, "amqp:not-found", why);
		return;
	}
	if (connection->node_count < CONNECTION_NODES)
		node = new_node(connection, link, kind, &place);
	if (node)
		open_node(node);
	else
		connection_close(connection, "amqp:resource-limit-exceeded",
				 "there are too many links");
}

void link_detached(pn_link_t *link, bool closed)
{
	struct node *node = pn_link_get_context(link);

	if (node)
		link_drop(node);
	if (pn_link_state(link) & PN_LOCAL_ACTIVE) {
		if (closed)
			pn_link_close(link);
		else
			pn_link_detach(link);
	}
	pn_link_free(link);
}
