/*
 * One client of MQTT 3.1.1 over TLS 1.2 that never waits, with the few packets that a load
 * needs. It shares nothing with the hub, whose judge it is.
 */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_IN = 8192 };

/* The types of packets (MQTT 3.1.1, 2.2.1), in the upper half of the first byte. */
enum packet_type { CONNECT = 1, CONNACK, PUBLISH, PUBACK, SUBSCRIBE = 8, SUBACK };

struct packet {
	enum packet_type type;
	unsigned qos;
	const unsigned char
		*body; /* in the client's buffer, until the next client_read() */
	size_t len;
};

struct client {
	int fd; /* -1: closed */
	SSL *ssl;
	const char *lost; /* why; NULL while it works */
	unsigned char *out;
	size_t out_len, out_room;
	unsigned char in[CLIENT_IN];
	size_t in_len, in_at;
};

/* For all clients: TLS 1.2, the server judged by the file of a CA. NULL: it is none. */
SSL_CTX *client_tls(const char *ca_file);

/* To 127.0.0.1, a server with the name `host`. client_close() also when it failed. */
bool client_open(struct client *c, SSL_CTX *tls, unsigned port, const char *host);
void client_close(struct client *c);

/* Queue a packet. All is QoS 1, and a session is clean. */
void client_connect(struct client *c, const char *id, const char *user,
		    const char *password);
void client_subscribe(struct client *c, uint16_t id, const char *topic);
void client_publish(struct client *c, uint16_t id, const char *topic, const char *body,
		    size_t len);
void client_puback(struct client *c, uint16_t id);

/* Shake hands, or send of what is queued what can be. True: there is more to write. */
bool client_write(struct client *c);
/* False: nothing has come. Then look with client_next() until that has nothing. */
bool client_read(struct client *c);
bool client_next(struct client *c, struct packet *packet);

#endif
