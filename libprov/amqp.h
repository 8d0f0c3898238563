/*
 * One AMQP 1.0 connection as a client, over TLS, with SASL ANONYMOUS: who may do what is
 * told to the service's $cbs afterwards (amqp_node.h). With amqp_message.h the one door to
 * proton, of whose types nothing is seen here.
 *
 * Nothing happens by itself: amqp_step moves bytes, and calls those who wait for
 * deliveries. Links belong to their connection.
 */
#ifndef PROV_AMQP_H
#define PROV_AMQP_H

#include "amqp_message.h"
#include "tls.h"

struct amqp;
struct amqp_link;

/* Why the other end closed a link or the connection; texts as they came, or empty. */
struct amqp_fault {
	char condition[80]; /* "amqp:not-found" */
	char description[400];
	/* Of amqp:link:redirect. */
	char host[PROV_HOST_MAX + 1], address[512];
};

struct amqp_opts {
	struct tls_opts tls; /* its connect_ms also for what AMQP adds */
	unsigned idle_ms;    /* a silent connection is lost after so long */
};

/* Until both ends have opened it. */
int amqp_open(const struct amqp_opts *opts, struct amqp **out, struct prov_error *err);
/* Says goodbye when the other end still listens. NULL is fine. */
void amqp_close(struct amqp *amqp);

/*
 * Write what waits, read what came, call back, and wait for more, at most `wait_ms` and not
 * when there was something. The error says why the connection is lost.
 */
int amqp_step(struct amqp *amqp, int wait_ms, struct prov_error *err);

/* Had the last step anything to read? */
bool amqp_busy(const struct amqp *amqp);

/* What the message points to is valid until it returns; NULL when it cannot be read. */
typedef void amqp_got(void *ctx, enum amqp_reading reading,
		      const struct amqp_message *message);

/* The other end has taken a message that was sent, or says why it does not. */
typedef void amqp_settled(void *ctx, const struct amqp_fault *refused);

struct amqp_link_opts {
	const char *name;
	const char *address; /* the node at the other end */
	/* Of receivers. */
	const char *own;    /* our end's address, for replies; may be NULL */
	const char *filter; /* a selector; may be NULL */
	amqp_got *got;
	void *ctx;
	amqp_settled *settled; /* of senders; may be NULL */
};

/* NULL without memory. */
struct amqp_link *amqp_sender(struct amqp *amqp, const struct amqp_link_opts *opts);
struct amqp_link *amqp_receiver(struct amqp *amqp, const struct amqp_link_opts *opts);

/* Let so many messages be under way to a receiver, from now on; at first it is none. */
void amqp_credit(struct amqp_link *link, unsigned credit);

/* Sent as soon as there is credit for it. */
int amqp_send(struct amqp_link *link, const struct amqp_outgoing *message,
	      struct prov_error *err);

enum amqp_state { AMQP_OPENING, AMQP_OPEN, AMQP_CLOSED };
enum amqp_state amqp_link_state(const struct amqp_link *link);
const struct amqp_fault *amqp_link_fault(const struct amqp_link *link);

/* -- words (amqp_words.c) -------------------------------------------------------------- */

/* For a link of `host` that was closed, or a connection. Returns the code. */
int amqp_words(const char *host, const struct amqp_fault *fault, struct prov_error *err);

#endif
