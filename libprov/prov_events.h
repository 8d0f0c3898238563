/*
 * libprov, telemetry: the events of devices as they come out of a hub's built-in endpoint,
 * of an Event Hub, or of any MQTT broker. prov.h includes this header, and its
 * conventions hold here too.
 *
 * Whatever the source, an event is a struct prov_event, and goes to a struct
 * prov_listener, whose callbacks run on the thread that called the reader.
 *
 * Sources: [AMQP] OASIS AMQP 1.0, parts 1 (types) and 3 (messaging). [MSG] "Create and
 * read IoT Hub messages". [BUILTIN] "Read device-to-cloud messages from the built-in
 * endpoint". [EH] "AMQP 1.0 in Azure Service Bus and Event Hubs protocol guide".
 */
#ifndef PROV_EVENTS_H
#define PROV_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct prov_connstr;
struct prov_error;
struct prov_secret;

/* -- an event ----------------------------------------------------------------------- */

/*
 * Bytes of an event, which belong to it. Text is UTF-8 as far as its sender kept to the
 * rules, and has no zero byte behind it. `at` is NULL when there is no such field.
 */
struct prov_bytes {
	const char *at;
	size_t len;
};

/* The types of [AMQP] 1.6, of which numbers are in one of three forms. */
enum prov_value_type {
	PROV_VALUE_NULL,
	PROV_VALUE_BOOL,
	PROV_VALUE_INT,    /* `integer`: of any signed type */
	PROV_VALUE_UINT,   /* `natural`: of any unsigned type */
	PROV_VALUE_REAL,   /* `real` */
	PROV_VALUE_TIME,   /* `integer`: milliseconds since 1970, UTC */
	PROV_VALUE_TEXT,   /* `bytes`: a string or symbol */
	PROV_VALUE_BINARY, /* `bytes` */
	PROV_VALUE_UUID,   /* `bytes`: 16 of them */
	PROV_VALUE_OTHER   /* `bytes`: encoded anew by [AMQP] 1.2 (lists, maps, ...) */
};

struct prov_value {
	enum prov_value_type type;
	union {
		bool truth;
		int64_t integer;
		uint64_t natural;
		double real;
		struct prov_bytes bytes;
	};
};

/* A property or an annotation. */
struct prov_named {
	struct prov_bytes name;
	struct prov_value value;
};

/*
 * An event; all that it points to is the reader's, and valid until the callback returns.
 *
 * `device` and `module` are what the hub says of the sender, not what the sender says. On
 * a broker that is no hub, they are what can be made of the topic, or not there.
 */
struct prov_event {
	struct prov_bytes device, module; /* iothub-connection-device-id, -module-id */
	struct prov_bytes body;
	int64_t enqueued_ms;      /* when the source took it, milliseconds since 1970 */
	int32_t partition;        /* -1: the source has none */
	int64_t sequence;         /* grows by one within a partition; -1: none */
	struct prov_bytes offset; /* in the partition; opaque */
	struct prov_bytes topic;  /* of MQTT */
	/* [AMQP] 3.2.4, [MSG] "System properties"; ids of other types come as text. */
	struct prov_bytes message_id, correlation_id, user_id, to, subject, reply_to;
	struct prov_bytes content_type, content_encoding;
	const struct prov_named *properties; /* of the sender */
	size_t n_properties;
	const struct prov_named *annotations; /* all, also those that are fields above */
	size_t n_annotations;
};

/* The one of this name, else NULL. */
const struct prov_named *prov_named_find(const struct prov_named *list, size_t n,
					 const char *name);

/* -- who is told -------------------------------------------------------------------- */

enum prov_since {
	PROV_SINCE_LATEST,   /* what comes from now on */
	PROV_SINCE_EARLIEST, /* all that the source still has */
	PROV_SINCE_TIME      /* enqueued at or after `since_ms` */
};

/* What a reader is connected to. */
struct prov_source {
	const char *host;
	const char *entity;  /* the Event Hub, or the topic filter of MQTT */
	const char *group;   /* the consumer group; NULL where there are none */
	unsigned partitions; /* 0 where there are none */
	enum prov_since since;
	int64_t since_ms; /* of PROV_SINCE_TIME */
	bool again;       /* not for the first time; events go on where they ended */
};

enum prov_notice_kind {
	/* The connection was lost: `error` says why, `wait_ms` when it is tried again. */
	PROV_NOTICE_LOST,
	/* The source no longer has `count` events of `partition` that were not read. */
	PROV_NOTICE_GAP,
	/*
	 * What `partition` has: `first` and `last` are sequence numbers, `last_ms` is when
	 * the last was enqueued; `count` of them are to come. Once for each connection.
	 */
	PROV_NOTICE_PARTITION
};

struct prov_notice {
	enum prov_notice_kind kind;
	unsigned wait_ms;
	unsigned partition;
	uint64_t count;
	int64_t first, last, last_ms;
	const struct prov_error *error;
};

/*
 * Callbacks, each of which may be NULL. One that returns not zero ends the reader, which
 * then returns PROV_ERR_CANCELLED.
 */
struct prov_listener {
	int (*connected)(void *ctx, const struct prov_source *source);
	int (*event)(void *ctx, const struct prov_event *event);
	/*
	 * All that has come was handed on, and the reader is about to wait: the time to
	 * flush. At least five times a second, however much comes.
	 */
	int (*idle)(void *ctx);
	int (*notice)(void *ctx, const struct prov_notice *notice);
	/* A line for each step, secrets masked. */
	void (*trace)(void *ctx, const char *line);
	void *ctx;
	const volatile int *cancel; /* looked at ten times a second; may be NULL */
};

/* -- by AMQP, from a hub or an Event Hub ([BUILTIN], [EH]) ---------------------------- */

#define PROV_PARTITIONS_MAX 64

/* Where to begin in a partition: behind the event of this sequence number. */
struct prov_position {
	unsigned partition;
	int64_t sequence;
};

/* Zero is the default. What it points to must stay until the reader returns. */
struct prov_events_opts {
	const char *ca_file;    /* PEM; trust these alone instead of the system's */
	const char *connect_to; /* "HOST:PORT" to connect to in place of any host's own */
	const char *group;      /* consumer group: "$Default" */
	enum prov_since since;
	int64_t since_ms;                      /* of PROV_SINCE_TIME */
	const struct prov_position *positions; /* go before `since` */
	size_t n_positions;
	unsigned connect_ms;     /* until connected, TLS included: 10000 */
	unsigned answer_ms;      /* until the service answers a request: 30000 */
	unsigned idle_ms;        /* a silent connection is lost after so long: 60000 */
	unsigned backoff_ms;     /* the longest first wait before connecting again: 500 */
	unsigned backoff_max_ms; /* the longest: 15000 */
	unsigned token_s;        /* how long a token is good for: 3600 */
	unsigned credit;         /* events under way in a partition, at most: 1000 */
	bool no_retry;           /* the first loss of the connection is the end */
};

/*
 * Read the events of all partitions until the listener ends it, which is
 * PROV_ERR_CANCELLED, or until it fails for good.
 *
 * `connstr` is of the service kind, or an Event Hub's with its EntityPath, and has a key:
 * the built-in endpoint takes no tokens of Entra ID. A hub says where its events are by a
 * redirect, which is followed.
 *
 * Until it is connected for the first time, everything is final. From then on a connection
 * that is lost is made again, with back-off and without end, and events go on behind the
 * last one: none is told twice, and none is left out that the service still has. No reader
 * is pushed aside (no epoch).
 *
 * PROV_ERR_ARG: a string of another kind. PROV_ERR_CONNECT: port 5671 is closed, or
 * blocked. PROV_ERR_KEY: the key or policy is not known. PROV_ERR_RIGHT: the policy lacks
 * ServiceConnect (Listen at an Event Hub). PROV_ERR_NOTFOUND: no such group or Event Hub.
 * PROV_ERR_TAKEN: the group has five readers already, or one that has it alone.
 * PROV_ERR_CLOCK: a token that was just signed has expired. And what prov_hub_open's
 * requests fail with: PROV_ERR_RESOLVE, PROV_ERR_UNTRUSTED, PROV_ERR_NAME, ...
 */
int prov_events_read(const struct prov_connstr *connstr,
		     const struct prov_events_opts *opts,
		     const struct prov_listener *listener, struct prov_error *err);

/* -- any broker of MQTT 3.1.1 -------------------------------------------------------- */

/* Zero is the default. What it points to must stay until the reader returns. */
struct prov_mqtt_opts {
	const char *url; /* "mqtts://HOST[:PORT]", or "mqtt://..." without TLS */
	const char *const *topics; /* filters, with '+' and '#' */
	size_t n_topics;
	int qos; /* 0, or 1: then the broker keeps what comes while it is not connected */
	const char *user;                   /* may be NULL */
	const struct prov_secret *password; /* may be NULL */
	const char *ca_file; /* PEM; trust these alone instead of the system's */
	const char *cert_file, *key_file; /* of a client with a certificate; PEM */
	unsigned connect_ms;              /* until connected, TLS included: 10000 */
	unsigned backoff_ms;     /* the longest first wait before connecting again: 500 */
	unsigned backoff_max_ms; /* the longest: 15000 */
	bool no_retry;           /* the first loss of the connection is the end */
};

/*
 * Read what a broker has until the listener ends it, which is PROV_ERR_CANCELLED, or until
 * it fails for good.
 *
 * An event of a topic as IoT Hub has them, "devices/ID/messages/events/PROPERTIES", has
 * its device and its properties; of another topic, what stands for the first '+' of the
 * filter is the device. `enqueued_ms` is when it was received.
 *
 * Until it is connected for the first time, everything is final; from then on it is as
 * with prov_events_read. With QoS 1 nothing is left out that the broker kept, and nothing
 * told twice because of a connection that was lost; at the end the broker is told to
 * forget the session.
 *
 * PROV_ERR_ARG: a malformed URL or filter. PROV_ERR_KEY: user or password. PROV_ERR_RIGHT:
 * a topic is refused. And PROV_ERR_RESOLVE, CONNECT, TLS, UNTRUSTED, NAME, TIMEOUT.
 */
int prov_mqtt_read(const struct prov_mqtt_opts *opts,
		   const struct prov_listener *listener, struct prov_error *err);

#ifdef __cplusplus
}
#endif

#endif
