#include "amqp_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	const struct prov_value *was = &m->fields[AMQP_CORRELATION_ID];
	unsigned long id = 0;

	if (was->type != PROV_VALUE_TEXT || was->bytes.len > 9)
		return NULL;
	for (size_t i = 0; i < was->bytes.len; i++)
		id = id * 10 + (unsigned long)(was->bytes.at[i] - '0') % 10;
	for (size_t i = 0; id && i < AMQP_NODE_ASKED_MAX; i++)
		if (node->asked[i].id == id)
			return &node->asked[i];
	return NULL;
}

/* One of two spellings; NULL when it has neither. */
static const struct prov_value *find(const struct amqp_message *m, const char *name,
				     const char *other)
{
	const struct amqp_named *p = &m->properties;
	const struct prov_named *found = prov_named_find(p->at, p->n, name);

	if (!found)
		found = prov_named_find(p->at, p->n, other);
	return found ? &found->value : NULL;
}

static void read_status(const struct amqp_message *m, struct amqp_answer *a)
{
	const struct prov_value *v = find(m, "status-code", "statusCode");

	if (v)
		amqp_number(v, &a->status);
	v = find(m, "status-description", "statusDescription");
	if (v && v->type == PROV_VALUE_TEXT)
		snprintf(a->words, sizeof(a->words), "%.*s", (int)v->bytes.len,
			 v->bytes.at);
}

static void got_answer(void *ctx, enum amqp_reading reading, const struct amqp_message *m)
{
	struct amqp_node *node = ctx;
	struct amqp_answer answer = { .status = 0 };
	struct asked *asked, was;

	(void)reading; /* what cannot be read answers nothing */
	asked = m ? find_asked(node, m) : NULL;
	if (!asked)
		return;
	was = *asked;
	asked->id = 0;
	read_status(m, &answer);
	answer.body = m->map;
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
	char id[24];
	const struct amqp_outgoing request = {
		.to = node->address,
		.reply_to = node->own,
		.message_id = id,
		.properties = q->properties,
		.n_properties = q->n_properties,
		.value = true,
		.text = q->body,
	};
	size_t i = 0;
	int rc;

	while (i < AMQP_NODE_ASKED_MAX && node->asked[i].id)
		i++;
	if (i == AMQP_NODE_ASKED_MAX)
		return fail(err, PROV_ERR_SERVICE, "too much to ask for at once");
	snprintf(id, sizeof(id), "%lu", ++node->last_id);
	rc = amqp_send(node->sender, &request, err);
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
