/*
 * The door to paho: one client of an MQTT 3.1.1 server, connected once at a time. The
 * callbacks are called in threads of paho's, in which all signals are blocked; all else
 * belongs to the caller's one thread.
 */
#ifndef PROV_MQTT_H
#define PROV_MQTT_H

#include "prov.h"

struct mqtt;

/* One that came; mqtt_message_free() it. */
struct mqtt_message {
	const char *topic; /* not ended by a zero byte */
	size_t topic_len;
	const uint8_t *body;
	size_t len;
	uint16_t id; /* of QoS 1 */
	bool repeated;
	void *paho;
};

/* What it points to must stay as long as the client. */
struct mqtt_opts {
	const char *host;
	uint16_t port;
	bool tls;               /* always verified: the chain, and the host's name */
	const char *ca_file;    /* PEM; trust these alone instead of the system's */
	const char *connect_to; /* "HOST:PORT" to connect to in place of the host's own */
	const char *cert_file, *key_file; /* PEM; may be NULL */
	const char *client_id, *user;     /* the user may be NULL */
	bool clean;                       /* begin without what the server has kept */
	unsigned keep_alive_s, connect_ms;
	unsigned in_flight;         /* messages that are not acknowledged */
	const volatile int *cancel; /* looked at ten times a second; may be NULL */
	void (*message)(void *ctx, const struct mqtt_message *message); /* may block */
	void (*lost)(void *ctx); /* the connection is */
	void *ctx;
};

/* Connect, in connect_ms. `kept`, which may be NULL: the server has kept the session. */
int mqtt_connect(const struct mqtt_opts *opts, const struct prov_secret *password,
		 struct mqtt **out, bool *kept, struct prov_error *err);

#define MQTT_FILTERS_MAX 64

/* To all of them. PROV_ERR_RIGHT when the server refuses one. */
int mqtt_subscribe(struct mqtt *m, const char *const *filters, size_t n, int qos,
		   struct prov_error *err);

/*
 * Put a message on its way. `acked` is called, in paho's thread, for QoS 1 when the
 * server has it, for QoS 0 when it is written, and never when the connection is lost
 * before that. False when it is lost already. The ticket must stay until either.
 */
struct mqtt_ticket {
	void (*acked)(struct mqtt_ticket *ticket);
};
bool mqtt_publish(struct mqtt *m, const char *topic, const void *body, size_t len,
		  int qos, struct mqtt_ticket *ticket);

bool mqtt_connected(struct mqtt *m);

/* Say goodbye if there is a connection, and free it. Takes NULL. */
void mqtt_close(struct mqtt *m);

void mqtt_message_free(struct mqtt_message *message);

#endif
