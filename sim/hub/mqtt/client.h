/*
 * A device, or a module of one, that is connected by MQTT: its session, and what the hub
 * makes of it. Knows nothing of sockets. All of it is under the hub's lock.
 */
#ifndef HUB_MQTT_CLIENT_H
#define HUB_MQTT_CLIENT_H

#include "login.h"
#include "mqtt/acks.h"
#include "mqtt/session.h"
#include "presence.h"

#define CLIENT_WHY 640
/* As long as so much is to be sent, nothing is read from it, and no message is taken for it. */
#define CLIENT_OUT_ENOUGH ((size_t)64 << 10)
/* One that reads so little is closed. */
#define CLIENT_OUT_MAX  ((size_t)1 << 20)
#define CLIENT_ACKS_MAX 1024 /* PUBACKs that are due; then nothing more is read from it */

struct kept;
struct mqtt_client;

/* What they have in common. */
struct mqtt_clients {
	struct hub *hub;
	struct kept *kept;
	struct mqtt_client *storing; /* those whose events are being stored */
	uint64_t stored;             /* what they know of */
	/* client_run() is to be called, on the main thread. Comes on any. */
	void (*rouse)(struct mqtt_client *client);
};

/* 0, or -1 with the reason in `err`. `rouse` is the caller's. */
int clients_open(struct mqtt_clients *all, struct hub *hub, char *err, size_t err_bytes);
void clients_close(struct mqtt_clients *all);
/* Events were stored: those who waited for it have something to send. */
void clients_stored(struct mqtt_clients *all);

struct mqtt_client {
	struct mqtt_session session;
	struct presence presence;
	struct identity identity;
	struct mqtt_clients *all;
	/* What it showed until CONNECT has been judged, of DPS's clients to the end; or NULL */
	char *token;
	char *certificate; /* PEM */
	char *chain;
	int64_t asleep_until_ms; /* throttled, nothing is read nor sent before; 0: awake */

	/* the client's own */
	bool came;       /* it was let in just now */
	bool expects;    /* methods may wait for it */
	bool fetches;    /* cloud-to-device messages may wait for it */
	bool stores;     /* it is among those who store */
	const char *cut; /* the hub wants it closed, and why; NULL: it does not */
	struct acks acks;
	struct held *held; /* telemetry that the event stream had no room for */
	struct held **held_end;
	struct parcel *parcels; /* SESSION_FLIGHT_MAX of them, or NULL */
	uint64_t last_tag;
	struct mqtt_client *next, *before; /* of those who store */
	char why[CLIENT_WHY];
};

void client_start(struct mqtt_client *client, struct mqtt_clients *all, int64_t now_ms);
/* It is closed by then. */
void client_free(struct mqtt_client *client);

/* Bytes came, which shall be but a few thousand at a time. */
void client_take(struct mqtt_client *client, const void *bytes, size_t len,
		 int64_t now_ms);
/* What it showed in the TLS handshake, PEM: NULL, or memory that the client frees. */
void client_show(struct mqtt_client *client, char *certificate, char *chain);
/* Does what waits to be done: after client_take(), clients_stored() and rouse(). */
void client_run(struct mqtt_client *client, int64_t now_ms);
/* When client_tick() is to be called. */
int64_t client_due_ms(const struct mqtt_client *client, int64_t now_ms, int64_t unix_ms);
void client_tick(struct mqtt_client *client, int64_t now_ms, int64_t unix_ms);
/* The connection is gone, or has to go; once is enough. */
void client_close(struct mqtt_client *client, const char *why);

/* Closed: nothing more comes of it but what is in session.out. */
bool client_closed(const struct mqtt_client *client);
/* May more bytes be taken from it? */
bool client_listens(const struct mqtt_client *client, int64_t now_ms);

#endif
