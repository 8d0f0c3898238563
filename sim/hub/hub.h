/*
 * The hub itself: a request comes in, an answer goes out. Knows nothing of sockets, so
 * that tests and fuzzers can be its clients.
 */
#ifndef HUB_HUB_H
#define HUB_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faults.h"
#include "policy.h"
#include "record.h"
#include "store.h"
#include "text.h"
#include "throttle.h"

#define HEADERS_MAX 48 /* of a request; more are not looked at */
#define BODY_MAX    (1024 * 1024)
#define HOST_MAX    253

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
};

struct hub {
	char host[HOST_MAX + 1];
	unsigned https_port;
	const char *tier; /* NULL: nothing is throttled */
	struct store *store;
	struct policies policies;
	struct throttle throttle;
	struct faults faults;
	struct record record;
	uint64_t requests;
};

/* Fills in `answer`, which starts out as zeros; answer_free() when it was sent. */
void hub_answer(struct hub *hub, const struct request *request, struct answer *answer);
void answer_free(struct answer *answer);
void answer_header(struct answer *answer, const char *name, const char *value);

/* NULL when it is not there. Names are case-insensitive. */
const char *request_header(const struct request *request, const char *name);

#endif
