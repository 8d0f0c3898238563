/*
 * libprov, messages to devices over AMQP, and the feedback on them. prov.h includes this
 * header, and its conventions hold here too.
 *
 * Sources: [C2D] "Send cloud-to-device messages from an IoT hub". [AMQP] OASIS AMQP 1.0,
 * parts 2 (links) and 3 (messaging).
 */
#ifndef PROV_C2D_H
#define PROV_C2D_H

#include "prov.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of the body and of all properties, those of the system included ([C2D]). */
#define PROV_C2D_MAX (64 * 1024)

/* What the hub is to tell about a message in the end. */
enum prov_ack {
	PROV_ACK_NONE,
	PROV_ACK_POSITIVE, /* that the device has taken it */
	PROV_ACK_NEGATIVE, /* that it never will: expired, rejected, given up, purged */
	PROV_ACK_FULL
};

/* Zero is the default. What is pointed to is copied. */
struct prov_c2d_opts {
	const char *ca_file;    /* PEM; trust these alone instead of the system's */
	const char *connect_to; /* "HOST:PORT" to connect to in place of the hub's own */
	unsigned connect_ms;    /* until connected, TLS included: 10000 */
	unsigned answer_ms;     /* for each answer: 30000 */
	const volatile int *cancel; /* looked at ten times a second; may be NULL */
	void (*trace)(void *ctx, const char *line); /* as of prov_hub_opts */
	void *ctx;
};

struct prov_c2d;

/*
 * Connect, once, and have the hub take a token: `connstr` is of the service kind and has
 * a key, of a policy with ServiceConnect. The token is good for an hour, and renewed.
 * What cannot be reached or trusted is told as of a hub.
 */
int prov_c2d_open(const struct prov_connstr *connstr, const struct prov_c2d_opts *opts,
		  struct prov_c2d **out, struct prov_error *err);
void prov_c2d_close(struct prov_c2d *c2d);

/* What is NULL or zero is left out. Texts are UTF-8, which is not looked at here. */
struct prov_c2d_message {
	const char *device_id;
	const void *body;
	size_t len;
	const char *message_id; /* feedback names it */
	const char *correlation_id, *content_type, *content_encoding;
	int64_t expires_unix; /* the hub's own: an hour from now */
	enum prov_ack ack;
	const struct prov_property *properties;
	size_t n_properties;
};

/*
 * Send it, and wait until the hub has it. PROV_ERR_ARG: it is longer than PROV_C2D_MAX, by
 * our count or the hub's, which knows of more properties than ours; or the device's id has
 * a wrong form. PROV_ERR_NOTFOUND: there is no such device.
 * PROV_ERR_QUOTA: it has 50 messages that wait already. PROV_ERR_RIGHT: the policy lacks
 * ServiceConnect. PROV_ERR_GONE: the connection was lost, and nobody knows whether the
 * hub has it: it is not sent again.
 */
int prov_c2d_send(struct prov_c2d *c2d, const struct prov_c2d_message *message,
		  struct prov_error *err);

/*
 * Look after the connection while there is nothing to send, several times a minute: a hub
 * closes one that says nothing for minutes, or whose token has ended. PROV_ERR_GONE: it
 * was lost.
 */
int prov_c2d_keep(struct prov_c2d *c2d, struct prov_error *err);

/* What became of a message; strings are empty where the hub is silent. */
struct prov_feedback {
	char device_id[PROV_ID_MAX + 1];
	char message_id[PROV_ID_MAX + 1];
	char status
		[40]; /* "Success", "Expired", "DeliveryCountExceeded", "Rejected", ... */
	char description[200];
	char time[40];
};

/* Not zero ends it: enough has come. */
typedef int prov_each_feedback(void *ctx, const struct prov_feedback *feedback);

/*
 * Take feedback as it comes, for `timeout_ms`: of all messages that anybody sent with an
 * `ack`, for the hub has one queue of it, and what is taken is gone from there.
 * PROV_ERR_TIMEOUT when the callback has not ended it.
 */
int prov_c2d_feedback(struct prov_c2d *c2d, unsigned timeout_ms, prov_each_feedback *each,
		      void *ctx, struct prov_error *err);

#ifdef __cplusplus
}
#endif
#endif
