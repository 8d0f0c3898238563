/*
 * libprov, as a device: telemetry to a hub over MQTT. prov.h includes this header, and
 * its conventions hold here too.
 *
 * Sources: [MQTTHUB] "Communicate with an IoT hub using the MQTT protocol". [MQTT] OASIS
 * MQTT 3.1.1. [LIMITS] "IoT Hub quotas and throttling".
 */
#ifndef PROV_DEVICE_H
#define PROV_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct prov_connstr;
struct prov_error;
struct prov_hub;

/* A connection as one device, with the messages that are on their way. */
struct prov_uplink;

#define PROV_TELEMETRY_MAX (256 * 1024) /* bytes of body and all properties ([LIMITS]) */

/* Zero is the default. What is pointed to is copied. */
struct prov_uplink_opts {
	const char *ca_file;    /* PEM; trust these alone instead of the system's */
	const char *connect_to; /* "HOST:PORT" to connect to in place of the hub's own */
	const char *cert_file, *key_file; /* PEM, of a device with a certificate */
	const char *user_agent;           /* DeviceClientType; "stmiot/0.1.0" */
	unsigned keep_alive_s;            /* 240; a hub takes 1177 at most */
	unsigned token_s;                 /* how long a token is good for: 3600 */
	unsigned queue;      /* messages on their way at most: 200; 65535 at most */
	unsigned connect_ms; /* until connected, TLS included: 10000 */
	/*
	 * Without any message getting through: 60000. After each third of it without an
	 * answer another connection is tried.
	 */
	unsigned timeout_ms;
	unsigned backoff_ms;     /* the longest first wait before a repeat: 1000 */
	unsigned backoff_max_ms; /* the longest wait: 30000 */
	bool no_retry;           /* a connection that is lost is an error */
	/*
	 * Take up the session that the hub has kept, rather than a new one. A message to
	 * the device that it has for this session is taken and dropped.
	 */
	bool keep_session;
	const volatile int *cancel; /* looked at ten times a second; may be NULL */
	/* The hub has the message of this number, and all before it; may be NULL. */
	void (*taken)(void *ctx, uint64_t number);
	void (*trace)(void *ctx, const char *line); /* as of prov_hub_opts */
	void (*waiting)(void *ctx, unsigned ms, const char *why);
	void *ctx; /* for all three */
};

/*
 * Connect, once. `connstr` is of the device kind; with a certificate it has x509=true.
 * A hub has one connection a device: this ends the device's own.
 *
 * PROV_ERR_KEY: the hub does not let it in: a wrong key, or the device is disabled, or not
 * there. PROV_ERR_RESOLVE, CONNECT, TLS, UNTRUSTED, NAME and TIMEOUT are as of a hub.
 */
int prov_uplink_open(const struct prov_connstr *connstr,
		     const struct prov_uplink_opts *opts, struct prov_uplink **out,
		     struct prov_error *err);

/*
 * The same with the device's key, which is read from the registry. PROV_ERR_NOTFOUND: no
 * such device; PROV_ERR_RIGHT: it is disabled; PROV_ERR_ARG: it needs a certificate.
 */
int prov_uplink_open_by(struct prov_hub *hub, const char *device_id,
			const struct prov_uplink_opts *opts, struct prov_uplink **out,
			struct prov_error *err);

/* `value` may be NULL: a name alone. */
struct prov_property {
	const char *name, *value;
};

/*
 * What is NULL is left out. A repeated message id is no error, and not dropped. Texts are
 * UTF-8, which is not looked at here: a hub hangs up on what is not.
 */
struct prov_telemetry {
	const void *body;
	size_t len;
	const char *message_id, *correlation_id, *content_type, *content_encoding;
	const struct prov_property *properties;
	size_t n_properties;
};

/*
 * Send a message with QoS 1; `*number`, which may be NULL, is its own, 1 for the first.
 * It is copied. While the queue is full it waits. It is sent again, perhaps twice, after
 * the connection was lost or made anew with a new token, both of which happens in here and
 * in prov_uplink_wait.
 *
 * PROV_ERR_ARG: too long. Other errors mean that the connection is lost for good; those
 * not taken are then prov_uplink_pending().
 */
int prov_uplink_send(struct prov_uplink *uplink, const struct prov_telemetry *telemetry,
		     uint64_t *number, struct prov_error *err);

/*
 * Until all is taken, or for `ms`, which is no error; 0 does what is due and does not
 * wait. To be called now and then by who sends rarely.
 */
int prov_uplink_wait(struct prov_uplink *uplink, unsigned ms, struct prov_error *err);

/* Messages that the hub has not taken yet. */
unsigned prov_uplink_pending(const struct prov_uplink *uplink);

struct prov_uplink_stats {
	uint64_t sent;  /* messages given to prov_uplink_send */
	uint64_t taken; /* those that the hub has */
	uint64_t again; /* repeats, after a connection was lost */
	uint64_t connections;
};
void prov_uplink_stats(const struct prov_uplink *uplink, struct prov_uplink_stats *out);

/* Hang up; what is still on its way may get through or not. */
void prov_uplink_close(struct prov_uplink *uplink);

#ifdef __cplusplus
}
#endif
#endif
