/*
 * One connection of a client of MQTT, as IoT Hub's gateway holds it: bytes in, bytes out,
 * and calls for all that has to do with the rest of the hub. Knows nothing of sockets, and
 * is told the time, in the milliseconds of clock_steady_ms().
 */
#ifndef HUB_MQTT_SESSION_H
#define HUB_MQTT_SESSION_H

#include "mqtt/topic.h"

#define SESSION_MESSAGE_MAX (256 * 1024) /* bytes of a message to the hub */
#define SESSION_FILTERS_MAX 5            /* of one SUBSCRIBE; more kinds nobody has */
#define SESSION_FLIGHT_MAX  16           /* messages with QoS 1 that the client may owe */
#define SESSION_CONNECT_MS  30000        /* until CONNECT has to be here */
/* A load balancer in front of the real hub cuts what is idle for longer, 29.45 minutes. */
#define SESSION_IDLE_MS 1767000

/* What the session asks of its owner, `it`. None of them may free the session. */
struct session_calls {
	/*
	 * Is this client to be let in? Anything but MQTT_ACCEPTED ends the session, and
	 * `*why` says the reason for the log, in words that outlive the session. `*present`
	 * becomes true when a session was kept, whose subscriptions the owner then gives to
	 * mqtt_session_resume(). What waits for the client can be sent when
	 * mqtt_session_take() has returned.
	 */
	enum mqtt_connack (*connect)(void *it, const struct mqtt_user *user,
				     const struct mqtt_connect *connect, bool *present,
				     const char **why);
	/*
	 * The client published. With QoS 1 mqtt_session_puback() has to follow, now or when
	 * the message is safe, in the order of the calls. NULL, or why the session ends.
	 */
	const char *(*publish)(void *it, const struct topic *topic,
			       const struct mqtt_publish *publish);
	/* It wants messages of this kind, and SUBACK is written; or no more of them. */
	void (*subscribe)(void *it, enum topic_kind kind, unsigned qos);
	void (*unsubscribe)(void *it, enum topic_kind kind);
	/* It has the message that mqtt_session_send() was given with this tag. */
	void (*acked)(void *it, uint64_t tag);
	/* It went without DISCONNECT, and this is what it wanted to have said then. */
	void (*will)(void *it, const struct topic *topic, const struct mqtt_will *will);
};

enum session_state { SESSION_NEW, SESSION_OPEN, SESSION_CLOSED };

struct mqtt_session {
	const struct session_calls *calls;
	void *it;
	enum session_state state;
	const char *why; /* it is closed */
	bool left;       /* the client said goodbye, by DISCONNECT */
	/* To be sent. Who reads no more while this is long is safe from floods. */
	struct text out;
	struct mqtt_user user;
	bool clean;

	/* When the client was heard last; set by an owner who did not listen. */
	int64_t heard_ms;

	/* the session's own */
	struct mqtt_reader reader;
	int64_t patience_ms;
	int granted[TOPIC_KINDS]; /* QoS, -1: not subscribed */
	struct flight {
		uint16_t id; /* 0: free */
		uint64_t tag;
	} flights[SESSION_FLIGHT_MAX];
	uint16_t last_id;      /* of a packet that flies, or flew */
	struct mqtt_will will; /* its bytes are in `will_bytes` */
	char *will_bytes;      /* NULL: there is none */
};

void mqtt_session_start(struct mqtt_session *session, const struct session_calls *calls,
			void *it, int64_t now_ms);
void mqtt_session_free(struct mqtt_session *session);

/*
 * Bytes came. False: the session is closed, and so shall the connection be as soon as
 * `out` is sent.
 */
bool mqtt_session_take(struct mqtt_session *session, const void *bytes, size_t len,
		       int64_t now_ms);

/* When mqtt_session_tick() has to look whether the client is still there. */
int64_t mqtt_session_deadline(const struct mqtt_session *session);
bool mqtt_session_tick(struct mqtt_session *session, int64_t now_ms);

/* The connection is gone, or has to go; the will is made known. Once is enough. */
void mqtt_session_close(struct mqtt_session *session, const char *why);

/* A subscription of the session before, from within calls->connect. */
void mqtt_session_resume(struct mqtt_session *session, enum topic_kind kind,
			 unsigned qos);

/* The message that came with this packet identifier is safe. */
void mqtt_session_puback(struct mqtt_session *session, uint16_t id);

enum session_sent {
	SESSION_SENT,       /* with QoS 0: there is no more to it */
	SESSION_FLIES,      /* with QoS 1, as session->last_id: calls->acked will tell */
	SESSION_UNWANTED,   /* the client has not subscribed to it */
	SESSION_FULL,       /* too many fly; try again after calls->acked */
	SESSION_IMPOSSIBLE, /* it is larger than a packet */
};

/* Sends a message of this kind, with the QoS that was granted or `qos`, the lower. */
enum session_sent mqtt_session_send(struct mqtt_session *session, enum topic_kind kind,
				    struct mqtt_bytes topic, struct mqtt_bytes payload,
				    unsigned qos, uint64_t tag);

/*
 * Sends again what flew, with its packet identifier, in a session before that was kept
 * [MQTT-4.4.0-1]; to be called before anything else is sent.
 */
enum session_sent mqtt_session_resend(struct mqtt_session *session, uint16_t id,
				      struct mqtt_bytes topic, struct mqtt_bytes payload,
				      uint64_t tag);

#endif
