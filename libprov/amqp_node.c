#include "amqp_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 4096

struct asked {
	unsigned long id; /* 0: free */
	amqp_answered *answered;
	void *ctx;
	unsigned number;
};

struct amqp_node {
	struct amqp_link *sender, *receiver;
	char address[80], own[80];
	unsigned long last_id;
	struct asked asked[AMQP_NODE_ASKED_MAX];
};

/* The request that this answers: ids come back as the text that they were. */
static struct asked *find_asked(struct amqp_node *node, const struct amqp_message *m)
{
	struct amqp_value fields = m->properties, field;
	unsigned long id = 0;

	if (!m->has_properties || fields.shape != AMQP_LIST)
		return NULL;
	for (int i = 0; i < 6; i++) /* correlation-id is the sixth */
		if (!amqp_next(&fields, &field))
			return NULL;
	if (field.v.type != PROV_VALUE_TEXT || field.v.bytes.len > 9)
		return NULL;
	for (size_t i = 0; i < field.v.bytes.len; i++)
		id = id * 10 + (unsigned long)(field.v.bytes.at[i] - '0') % 10;
	for (size_t i = 0; id && i < AMQP_NODE_ASKED_MAX; i++)
		if (node->asked[i].id == id)
			return &node->asked[i];
	return NULL;
}

/* The status has one of two spellings, and so has what it means. */
static void read_status(const struct amqp_message *m, struct amqp_answer *a)
{
	struct amqp_value v;

	if (!m->has_application)
		return;
	if (amqp_lookup(m->application, "status-code", &v) ||
	    amqp_lookup(m->application, "statusCode", &v))
		amqp_number(&v.v, &a->status);
	if ((amqp_lookup(m->application, "status-description", &v) ||
	     amqp_lookup(m->application, "statusDescription", &v)) &&
	    v.v.type == PROV_VALUE_TEXT)
		snprintf(a->words, sizeof(a->words), "%.*s", (int)v.v.bytes.len,
			 v.v.bytes.at);
}

static void got_answer(void *ctx, struct amqp_span bytes)
{
	struct amqp_node *node = ctx;
	struct amqp_answer answer = { .status = 0 };
	struct amqp_message m;
	struct asked *asked, was;

	if (!amqp_message_read(bytes, &m))
		return;
	asked = find_asked(node, &m);
	if (!asked)
		return;
	was = *asked;
	asked->id = 0;
	read_status(&m, &answer);
	if (m.has_value)
		answer.body = m.value;
	was.answered(was.ctx, was.number, &answer);
}

int amqp_node_open(struct amqp *amqp, const char *address, struct amqp_node **out,
		   struct prov_error *err)
{
	struct amqp_node *node = calloc(1, sizeof(*node));
	struct amqp_link_opts to = { .address = address };
	struct amqp_link_opts from = { .address = address,
				       .got = got_answer,
				       .ctx = node };

	if (!node)
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	snprintf(node->address, sizeof(node->address), "%s", address);
	snprintf(node->own, sizeof(node->own), "%s-answers",
		 address + strspn(address, "$"));
	to.name = address;
	from.name = from.own = node->own;
	node->sender = amqp_sender(amqp, &to);
	node->receiver = amqp_receiver(amqp, &from);
	if (!node->sender || !node->receiver) {
		amqp_node_free(node);
		return fail(err, PROV_ERR_NOMEM, "no memory for a connection");
	}
	amqp_credit(node->receiver, AMQP_NODE_ASKED_MAX);
	*out = node;
	return 0;
}

void amqp_node_free(struct amqp_node *node)
{
	free(node);
}

int amqp_node_ask(struct amqp_node *node, const struct amqp_question *q,
		  struct prov_error *err)
{
	uint8_t bytes[REQUEST_MAX];
	char id[24];
	struct amqp_request r = { node->address, node->own, id, q->pairs, q->body };
	struct amqp_writer w = { .to = bytes, .room = sizeof(bytes) };
	size_t i = 0;
	int rc;

	while (i < AMQP_NODE_ASKED_MAX && node->asked[i].id)
		i++;
	snprintf(id, sizeof(id), "%lu", ++node->last_id);
	if (i == AMQP_NODE_ASKED_MAX || !amqp_request_write(&r, &w))
		rc = fail(err, PROV_ERR_SERVICE, "too much to ask for at once");
	else
		rc = amqp_send(node->sender, bytes, w.n, err);
	explicit_bzero(bytes, sizeof(bytes)); /* a token may be in it */
	if (rc == 0)
		node->asked[i] =
			(struct asked){ node->last_id, q->answered, q->ctx, q->number };
	return rc;
}

unsigned amqp_node_waiting(const struct amqp_node *node)
{
	unsigned n = 0;

	for (size_t i = 0; i < AMQP_NODE_ASKED_MAX; i++)
		n += node->asked[i].id != 0;
	return n;
}

const struct amqp_fault *amqp_node_fault(const struct amqp_node *node)
{
	if (amqp_link_state(node->sender) == AMQP_CLOSED)
		return amqp_link_fault(node->sender);
	if (amqp_link_state(node->receiver) == AMQP_CLOSED)
		return amqp_link_fault(node->receiver);
	return NULL;
}
