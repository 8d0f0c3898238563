/*
 * The AMQP 1.0 server: the built-in endpoint's readers, the service's messages to devices,
 * and devices. The protocol is qpid-proton's, on a thread of its own.
 */
#ifndef HUB_AMQP_AMQP_H
#define HUB_AMQP_AMQP_H

#include "hub.h"

struct amqp;

struct amqp_settings {
	const char *listen; /* an address, of IPv4 or IPv6 */
	unsigned port;      /* 0: any free one */
	bool tls13;
	const char *key_pem;
	const char *chain_pem;
};

/* Listens, and sets hub->amqp_port; nothing is served yet. NULL: `err` says why. */
struct amqp *amqp_open(struct hub *hub, const struct amqp_settings *settings, char *err,
		       size_t err_bytes);
/* False: there is no thread for it. */
bool amqp_start(struct amqp *amqp);
/* Ends the thread and all connections. Without the hub's lock. */
void amqp_close(struct amqp *amqp);

/* events_settings.encode: an event as readers get it. */
void amqp_encode(struct text *to, const struct event *event);

/* The Event Hubs-compatible name, for the log and the control socket. */
void amqp_entity(const struct hub *hub, char *to, size_t room);

#endif
