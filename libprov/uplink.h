/* A device's connection, and the queue of what the hub has not taken. */
#ifndef PROV_UPLINK_H
#define PROV_UPLINK_H

#include "mqtt.h"

#include <pthread.h>

/* A message; it stays until it and all before it were taken. */
struct parcel {
	struct mqtt_ticket ticket; /* the first: a ticket is its parcel */
	struct prov_uplink *uplink;
	bool taken;  /* under the lock */
	char *bytes; /* the topic with a zero byte, then the body; kept for the next one */
	size_t room, topic_bytes, len;
};

/* Who connects, and with what. Texts are its own. */
struct login {
	char host[PROV_HOST_MAX + 8]; /* or the gateway's */
	uint16_t port;
	char client_id[2 * PROV_ID_MAX + 2];
	char user[1024];
	char resource[PROV_HOST_MAX + 2 * PROV_ID_MAX + 32]; /* of a token */
	char topic[2 * PROV_ID_MAX + 48];
	struct prov_secret
		*key; /* or a ready-made token, or neither with a certificate */
	struct prov_secret *token;
	int64_t token_until_unix; /* of the ready-made one */
	char *ca_file, *connect_to, *cert_file, *key_file;
};

struct prov_uplink {
	struct prov_uplink_opts opts; /* its numbers and callbacks; no strings */
	struct login login;
	struct mqtt *mqtt;
	int64_t renew_ms;     /* when to connect anew, by the steady clock; 0 is never */
	unsigned tries;       /* in vain, one after the other */
	int64_t retry_ms;     /* when the next may be */
	int64_t connected_ms; /* when this connection began */
	int64_t moved_ms; /* when something got through, or there was nothing to send */
	struct prov_error lost; /* why it was, and what came of the tries */
	struct prov_uplink_stats stats;
	/* Messages first..next-1; each at its number modulo `room`. */
	struct parcel *parcels;
	uint64_t first, next;
	unsigned room;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under the lock. */
	uint64_t n_taken, wake_at; /* signal when so many were taken */
	bool broken;
};

/* Fill in who connects; PROV_ERR_ARG for what is lacking. */
int login_make(const struct prov_connstr *connstr, const struct prov_uplink_opts *opts,
	       struct login *out, struct prov_error *err);
void login_clear(struct login *login);

/* The password, NULL for a certificate; `*until_unix` is when it ends. */
int login_password(const struct login *login, unsigned token_s, struct prov_secret **out,
		   int64_t *until_unix, struct prov_error *err);

/* The connection is lost; from any thread. Takes the uplink. */
void uplink_lost(void *ctx);

/* Connect, after the last connection was closed. */
int uplink_connect(struct prov_uplink *u, struct prov_error *err);

#endif
