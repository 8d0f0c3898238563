/*
 * The MQTT server: sockets, TLS and time around clients. It runs on the main thread, with
 * the hub's lock.
 */
#ifndef HUB_MQTT_SERVER_H
#define HUB_MQTT_SERVER_H

#include <stdbool.h>

#include "hub.h"

/* Connections at a time; more are closed at once. */
#define MQTT_CONNECTIONS 10000
/* Those among them that have not been let in; more wait for a place to become free. */
#define MQTT_STRANGERS 1024
/* How long a stranger keeps its place when others wait for one. */
#define MQTT_STRANGER_MS 5000

struct mqtt_server;

struct mqtt_settings {
	const char *listen; /* an address, of IPv4 or IPv6 */
	unsigned port;      /* 0: any free one */
	bool tls13;
	const char *key_pem;
	const char *chain_pem;
};

/* NULL: `err` says why. Sets hub->mqtt_port. */
struct mqtt_server *mqtt_open(struct hub *hub, const struct mqtt_settings *settings,
			      char *err, size_t err_bytes);
/* Closes all connections. */
void mqtt_close(struct mqtt_server *server);

/* Becomes readable when there is something to do. */
int mqtt_pollfd(const struct mqtt_server *server);
/* How long poll() may sleep before mqtt_run() is due, -1 without end. */
int mqtt_timeout_ms(const struct mqtt_server *server);
void mqtt_run(struct mqtt_server *server);

#endif
