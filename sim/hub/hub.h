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

#define HEADERS_MAX 48 /* of a request; more are not looked at */
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
	bool too_large; /* the body was longer than BODY_MAX, and is not here */
	/* Of the client, PEM, and what it sent with it; NULL: it showed none. */
	const char *certificate;
	const char *chain;
};

#define ANSWER_HEADERS 8

struct answer {
	int status;
	struct text body;
	const char *type; /* NULL: JSON */
	struct {
		const char *name;
		char value[128];
	} headers[ANSWER_HEADERS];
	size_t header_count;
	int64_t delay_ms; /* wait as long before it is sent */
	bool drop;        /* close the connection instead */
	bool cut;         /* close it in the middle of the body */
	/*
	 * It is not here yet: somebody fills in the rest later, clears this, and calls
	 * hub_wake(). Until then answer_free() calls `cancel`.
	 */
	bool pending;
	void (*cancel)(void *with);
	void *cancel_with;
};

struct hub {
	struct lock lock;
	char host[HOST_MAX + 1];
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
	struct presences presences;
	struct methods methods;
	void (*wake)(struct hub *hub); /* the main thread, from any; or NULL */
	struct policies policies;
	struct throttle throttle;
	struct faults faults;
	struct record record;
	uint64_t requests;
};

/*
 * Opens what the hub keeps in its folder: `host`, tier and ports are the caller's, and
 * `events` may be NULL for the usual. 0, or -1 with the reason in `err`; hub_close() then
 * too.
 */
int hub_open(struct hub *hub, int dirfd, const struct events_settings *events, char *err,
	     size_t err_bytes);
void hub_close(struct hub *hub);

/* Lets the main thread look what there is to do. From any thread, with the lock or without. */
void hub_wake(struct hub *hub);

/* A version of the API: YYYY-MM-DD, or that and -preview. */
bool hub_version_valid(const char *version, size_t len);

/* Fills in `answer`, which starts out as zeros; answer_free() when it was sent. */
void hub_answer(struct hub *hub, const struct request *request, struct answer *answer);
void answer_free(struct answer *answer);
void answer_header(struct answer *answer, const char *name, const char *value);

/* NULL when it is not there. Names are case-insensitive. */
const char *request_header(const struct request *request, const char *name);

#endif
