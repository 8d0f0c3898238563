/*
 * The hub itself: what it has, and what it makes of a request by HTTPS. Knows nothing of
 * sockets, so that tests and fuzzers can be its clients.
 *
 * The main thread serves HTTPS, MQTT and the control socket, another one AMQP. Whoever
 * touches anything here, but `events`, has the lock. Nobody waits with it in hand.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "c2d.h"
#include "events.h"
#include "faults.h"
#include "lock.h"
#include "policy.h"
#include "method.h"
#include "presence.h"
#include "record.h"
#include "store.h"
#include "text.h"
#include "throttle.h"

#define HEADERS_MAX 128 /* of a request */
#define BODY_MAX    (1024 * 1024)
#define HOST_MAX    253
#define GROUPS_MAX  19 /* consumer groups of the built-in endpoint, besides $Default */

struct header {
	const char *name;
	const char *value;
};

struct request {
	const char *method;
	const char *target; /* as sent: encoded, with the query string */
	struct header headers[HEADERS_MAX];
	size_t header_count;
	const char *body;
	size_t body_len;
	bool too_large; /* the body was longer than BODY_MAX, or more headers came */
	/* Of the client, PEM, and what it sent with it; NULL: it showed none. */
	const char *certificate;
	const char *chain;
};

struct answer {
	int status;
	struct text body;
	const char *type;    /* NULL: JSON */
	struct text headers; /* answer_header() and answer_next_header() know its form */
	int64_t delay_ms;    /* wait as long before it is sent */
	bool drop;           /* close the connection instead */
	bool cut;            /* close it in the middle of the body */
	/*
	 * It is not here yet: call_resume() (call.h) clears this and calls hub_wake().
	 * The request has to stay until then, or until answer_free(), which calls
	 * `cancel`.
	 */
	bool pending;
	void (*cancel)(void *with);
	void *cancel_with;
};

/*
 * Who wants to hear that events are stored. `stored` is called on the thread that writes
 * them, without the hub's lock, and has but one thing to do: to wake its own thread, which
 * then asks events_stored().
 */
struct listener {
	void (*stored)(void *with);
	void *with;
	struct listener *next; /* the hub's own */
};

struct dps;

struct hub {
	struct lock lock;
	char host[HOST_MAX + 1];
	char dps_host[HOST_MAX + 1]; /* empty: the usual, DPS_HOST */
	unsigned https_port;
	unsigned mqtt_port;
	unsigned amqp_port;
	char *device_cas; /* PEM: certificates of devices lead to one of these; or NULL */
	const char *groups[GROUPS_MAX];
	size_t group_count;
	const char *tier; /* NULL: nothing is throttled */
	struct store *store;
	struct events *events;
	struct c2d *c2d;
	struct dps *dps; /* dps/dps.h */
	struct presences presences;
	struct methods methods;
	void (*wake)(struct hub *hub); /* the main thread, from any; or NULL */
	pthread_mutex_t listening;     /* for the next one */
	struct listener *listeners;
	struct policies policies;
	struct throttle throttle;
	struct faults faults;
	struct record record;
	uint64_t requests;
	int64_t tidy_ms;          /* when to look again for messages that expired */
	struct sending *sendings; /* requests whose events are yet to be stored */
};

/*
 * Opens what the hub keeps in its folder: `host`, tier and ports are the caller's, and
 * `events`, whose `stored` is the hub's, may be NULL for the usual. 0, or -1 with the
 * reason in `err`; hub_close() then too.
 */
int hub_open(struct hub *hub, int dirfd, const struct events_settings *events, char *err,
	     size_t err_bytes);
void hub_close(struct hub *hub);

/* Lets the main thread look what there is to do. From any thread, with the lock or without. */
void hub_wake(struct hub *hub);

/*
 * What has come due is done, with the lock; returns when it is to be called again, by
 * clock_steady_ms().
 */
int64_t hub_tick(struct hub *hub, int64_t steady_ms);
/* Calls that wait for somebody end, because the hub does; with the lock. */
void hub_hang_up(struct hub *hub);

/* The main thread needs no listener: it is woken whenever events are stored. */
void hub_listen(struct hub *hub, struct listener *listener);
/* It is not called any more when this returns. */
void hub_unlisten(struct hub *hub, struct listener *listener);

/* A version of the API: YYYY-MM-DD, or that and -preview. */
bool hub_version_valid(const char *version, size_t len);

/* Fills in `answer`, which starts out as zeros; answer_free() when it was sent. */
void hub_answer(struct hub *hub, const struct request *request, struct answer *answer);
void answer_free(struct answer *answer);
void answer_header(struct answer *answer, const char *name, const char *value);
/* The first one when *name is NULL, else the one after. False: there are no more. */
bool answer_next_header(const struct answer *answer, const char **name,
			const char **value);

/* NULL when it is not there. Names are case-insensitive. */
const char *request_header(const struct request *request, const char *name);

#endif
