/* A reader of events by AMQP, from connecting to the last event. */
#ifndef PROV_EVENTS_OWN_H
#define PROV_EVENTS_OWN_H

#include "amqp_event.h"
#include "amqp_node.h"

#define EVENTS_OFFSET_MAX 64
#define AMQP_PORT         5671

/* An Event Hub. */
struct events_place {
	char host[PROV_HOST_MAX + 1];
	uint16_t port;
	char entity[257];
};

/*
 * What a redirect says: host, and "amqps://HOST:5671/ENTITY/$management" (or a part of
 * that, after the entity "/" and anything). False when it names no entity.
 */
bool events_redirect(const char *host, const char *address, struct events_place *out);

struct events_reader;

struct events_partition {
	struct events_reader *reader;
	unsigned index;
	char id[24];
	struct amqp_link *link;
	/* The last event that was told, or that came before what is to be told. */
	bool has_position;
	int64_t sequence;
	char offset[EVENTS_OFFSET_MAX]; /* empty: go by the number */
	int64_t enqueued_ms;
	int64_t since_ms; /* without a position: from this moment on; -1: all */
	/* What the service says it has. */
	int64_t first, last, last_ms;
	char last_offset[EVENTS_OFFSET_MAX];
};

struct events_reader {
	const struct prov_connstr *connstr;
	struct prov_events_opts opts; /* with all defaults */
	const struct prov_listener *listener;
	struct prov_secret *key;           /* as Event Hubs take it */
	bool found;                        /* `place` is where the events are */
	struct events_place place, before; /* `before`: where positions come from */
	struct amqp *amqp;
	struct amqp_node *cbs, *management;
	struct amqp_link *asking; /* the hub, where its events are */
	struct events_partition parts[PROV_PARTITIONS_MAX];
	unsigned n_parts;
	struct amqp_event_room room;
	int64_t begun_ms;   /* when it connected for the first time, by our clock */
	int64_t renew_at;   /* when a new token is due, by the steady clock */
	int64_t breathe_at; /* when the listener's idle() is due, by it too */
	bool connected;     /* at least once */
	bool stopped;       /* by the listener */
	int rc;             /* what an answer or an event made of it */
	struct prov_error problem;
};

void events_trace(struct events_reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The rest of a step: callbacks, cancelling. PROV_ERR_CANCELLED ends it. */
int events_breathe(struct events_reader *r, struct prov_error *err);

/* -- connecting (events_connect.c) ------------------------------------------------------ */

/* From nothing to a receiver in each partition. */
int events_connect(struct events_reader *r, struct prov_error *err);
void events_disconnect(struct events_reader *r);

/* Sends a token when the last is about to end. */
int events_renew(struct events_reader *r, struct prov_error *err);

/* One step, and what it brought. */
int events_step(struct events_reader *r, struct prov_error *err);

/* -- positions (events_position.c) ----------------------------------------------------- */

/*
 * Once what the service has is known: settle where each partition begins, and tell what is
 * missing.
 */
int events_settle(struct events_reader *r, struct prov_error *err);

/* The selector for what is to come. */
void events_filter(const struct events_partition *p, char *to, size_t bytes);

/* True when the event was not told before; then it is the last one. */
bool events_advance(struct events_partition *p, const struct prov_event *event);

/* An answer about a partition. */
void events_note_partition(struct events_partition *p, const struct amqp_named *says);

#endif
