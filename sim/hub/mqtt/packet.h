/*
 * MQTT 3.1.1 (the OASIS Standard of 29 October 2014) as a server reads and writes it: a
 * stream of bytes in, packets out, and the other way round. What breaks the standard is
 * refused in words that end with the rule's own number, [MQTT-2.2.2-2].
 */
#ifndef HUB_MQTT_PACKET_H
#define HUB_MQTT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#define MQTT_TEXT_MAX 65535 /* bytes of a topic, a user name, a password, ... */
#define MQTT_LEVEL    4     /* what CONNECT calls version 3.1.1 */

enum mqtt_type {
	MQTT_CONNECT = 1,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT
};

/* Borrowed, and without a NUL at the end. Texts among them are UTF-8 without U+0000. */
struct mqtt_bytes {
	const char *at;
	size_t len;
};

struct mqtt_will {
	struct mqtt_bytes topic;
	struct mqtt_bytes message;
	unsigned qos; /* 0 to 2 */
	bool retain;
};

struct mqtt_connect {
	unsigned level; /* of one that is not MQTT_LEVEL nothing else was read */
	bool clean;
	unsigned keep_alive_s; /* 0: for ever */
	struct mqtt_bytes client_id;
	bool has_will;
	bool has_user;
	bool has_password;
	struct mqtt_will will;
	struct mqtt_bytes user;
	struct mqtt_bytes password;
};

struct mqtt_publish {
	struct mqtt_bytes topic;
	struct mqtt_bytes payload;
	unsigned qos; /* 0 to 2 */
	bool dup;
	bool retain;
	uint16_t id; /* 0 with QoS 0 */
};

/* Of SUBSCRIBE and UNSUBSCRIBE; mqtt_next_filter() takes them one after the other. */
struct mqtt_filters {
	uint16_t id;
	size_t count;
	bool with_qos; /* it is SUBSCRIBE */
	struct mqtt_bytes left;
};

struct mqtt_packet {
	enum mqtt_type type;
	union {
		struct mqtt_connect connect;
		struct mqtt_publish publish;
		struct mqtt_filters filters;
		uint16_t id; /* of PUBACK, PUBREC, PUBREL, PUBCOMP */
	};
};

/* -- reading ------------------------------------------------------------------------- */

/* Starts as zeros, but for the limit. */
struct mqtt_reader {
	size_t limit; /* of a packet, in bytes behind its fixed header */
	struct text bytes;
	size_t taken; /* of them */
};

/* Bytes that came. What mqtt_reader_next() gave out before is gone after it. */
void mqtt_reader_put(struct mqtt_reader *reader, const void *bytes, size_t len);

/*
 * The next packet. 1: here it is, and borrows from the reader. 0: more bytes have to come
 * first; the packets given out before are gone. -1: there is no going on with this
 * stream, and `*wrong` says why. To be called until there is none after each
 * mqtt_reader_put(); the reader then never holds more than a packet.
 */
int mqtt_reader_next(struct mqtt_reader *reader, struct mqtt_packet *packet,
		     const char **wrong);

void mqtt_reader_free(struct mqtt_reader *reader);

/* Takes the next filter, and with SUBSCRIBE the QoS asked for; false: no more. */
bool mqtt_next_filter(struct mqtt_filters *filters, struct mqtt_bytes *filter,
		      unsigned *qos);

/* -- writing, to the end of a text ---------------------------------------------------- */

/* Section 3.2.2.3 */
enum mqtt_connack {
	MQTT_ACCEPTED,
	MQTT_BAD_LEVEL,
	MQTT_BAD_CLIENT_ID,
	MQTT_UNAVAILABLE,
	MQTT_BAD_LOGIN,
	MQTT_NOT_AUTHORIZED
};

/* `present`: a session was kept from before; never together with a refusal. */
void mqtt_write_connack(struct text *to, enum mqtt_connack code, bool present);
/* False, and nothing is written: the topic is longer than one can be, or the whole is. */
bool mqtt_write_publish(struct text *to, const struct mqtt_publish *publish);
/* PUBACK or UNSUBACK */
void mqtt_write_ack(struct text *to, enum mqtt_type type, uint16_t id);
/* A code for each filter of the SUBSCRIBE, in its order: the QoS, or 0x80 for none. */
void mqtt_write_suback(struct text *to, uint16_t id, const uint8_t *codes, size_t count);
void mqtt_write_pingresp(struct text *to);

#endif
