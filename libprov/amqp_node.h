/*
 * A node that answers requests: $cbs, which takes tokens, and $management, which tells of
 * partitions ([AMQP] "Management" 1.0, "Claims-based security" 1.0). Two links, and
 * answers told from one another by their correlation id.
 */
#ifndef PROV_AMQP_NODE_H
#define PROV_AMQP_NODE_H

#include "amqp.h"

#define AMQP_NODE_ASKED_MAX 64 /* requests at a time */

struct amqp_answer {
	int64_t status; /* as of HTTP; 0 when it has none */
	char words[200];
	struct amqp_named body; /* that is a map; valid until amqp_answered returns */
};

typedef void amqp_answered(void *ctx, unsigned number, const struct amqp_answer *answer);

struct amqp_node;

/* Free it before its connection is closed, or after: it touches the links no more. */
int amqp_node_open(struct amqp *amqp, const char *address, struct amqp_node **out,
		   struct prov_error *err);
void amqp_node_free(struct amqp_node *node);

/* Ask without waiting. `number` is for `answered` to know which it was. */
struct amqp_question {
	const struct prov_property *properties;
	size_t n_properties;
	const char *body; /* may be NULL */
	amqp_answered *answered;
	void *ctx;
	unsigned number;
};
int amqp_node_ask(struct amqp_node *node, const struct amqp_question *question,
		  struct prov_error *err);

/* Questions without an answer so far. */
unsigned amqp_node_waiting(const struct amqp_node *node);

/* The link that was closed by the other end, NULL while both are well. */
const struct amqp_fault *amqp_node_fault(const struct amqp_node *node);

#endif
