/* One hub, and the flows of requests that go through its connections. */
#ifndef PROV_HUB_H
#define PROV_HUB_H

#include "error.h"
#include "http.h"
#include "steady.h"

#define API_VERSION "2021-04-12"

/* What an operation needs; bits. */
#define RIGHT_REGISTRY_READ   1u
#define RIGHT_REGISTRY_WRITE  2u
#define RIGHT_SERVICE_CONNECT 4u

struct prov_hub {
	char host[PROV_HOST_MAX + 1];
	char *resource; /* what tokens are for; NULL: the host */
	bool other;     /* no hub: whoever asks has words of his own for refusals */
	char policy[PROV_POLICY_MAX + 1];
	struct prov_secret *key, *fixed_token;
	char *token_command;
	struct prov_hub_opts
		opts; /* the numbers and callbacks; its strings are not kept */
	struct http_pool *pool;
	struct prov_secret *authorization; /* the header's value */
	int64_t renew_unix, made_unix;
	int64_t hold_ms;      /* nothing is sent before this moment of the steady clock */
	bool answered;        /* has there ever been an answer? */
	unsigned rights_seen; /* RIGHT_* that it has let us use */
	char date[40];        /* of the last one, and in numbers */
	int64_t date_unix;
	struct prov_stats stats;
};

/*
 * As prov_hub_open(), for a service that is no hub, with a connection string of any kind.
 * `identity` (may be NULL) is a client's key and certificates in PEM; then there need not
 * be a key.
 */
int hub_open_other(const struct prov_connstr *connstr, const char *resource,
		   const struct prov_secret *identity, const struct prov_hub_opts *opts,
		   struct prov_hub **out, struct prov_error *err);

#define FLOW_SEND  1 /* `call` is to be sent */
#define FLOW_WAIT  2 /* the same, when flow_wait's time is over */
#define TARGET_MAX 1024

/*
 * One operation: a request, and what follows from its answer. `next` is called at first
 * with `started` false and then after each call; it returns FLOW_SEND, FLOW_WAIT or the
 * final code, with `error` filled for a negative one.
 */
struct flow {
	int (*next)(struct flow *f);
	struct prov_hub *hub;
	bool started;
	unsigned needs; /* the one of RIGHT_* for the call */
	bool once;      /* the call must not be sent again after it went out */
	struct http_call call;
	char target[TARGET_MAX];
	struct prov_secret *body; /* freed with the flow */
	char if_match[80];
	/* The outcome of a call, repeats included. */
	int rc;
	struct prov_error error;
	bool unsure; /* a try went out and got no answer: it may have been done */
	bool doubt;  /* about a 401: key or right? */
	/* Ours. */
	int state;
	unsigned tries;
	unsigned asking, asked; /* RIGHT_* that `call` is to find out about, or did */
	bool renewed;
	int64_t deadline_ms, wake_ms;
	struct flow *link;
};

/* Where flows come from and go to. `more`: the next one, NULL when there are none left.
 */
struct flow_source {
	struct flow *(*more)(void *ctx);
	int (*ended)(void *ctx, struct flow *f,
		     int rc); /* not zero: start no further ones */
	void *ctx;
};

/*
 * Run the flows of a source, at most `parallel` at a time. Returns the first failure's
 * code. Flows that are broken off end with PROV_ERR_CANCELLED.
 */
int hub_run(struct prov_hub *hub, const struct flow_source *source, unsigned parallel,
	    struct prov_error *err);

/* A single one. */
int hub_do(struct prov_hub *hub, struct flow *f, struct prov_error *err);

/* `next` of a single request that is there already. */
int flow_single(struct flow *f);

/* Frees what a flow holds, not itself. */
void flow_clear(struct flow *f);

/* "/devices/ID/TAIL?api-version=..."; the id percent-encoded. */
void flow_target(struct flow *f, const char *method, const char *folder, const char *id,
		 const char *tail);
void flow_body(struct flow *f, struct prov_secret *body);

/* `etag` as it is in bodies, without quotes; NULL is any. */
void flow_match(struct flow *f, const char *etag);

/*
 * What was throttled is to be sent again: wait as before any repeat, `asked_ms` at least,
 * with f->error for the reason. False: there is no time for it, or no repeat is wanted.
 */
bool flow_wait(struct flow *f, unsigned asked_ms);

/* The header's value, made anew when it is about to end, or when told to; none without a
 * key, a token or a command. */
int hub_authorize(struct prov_hub *hub, bool anew, struct prov_error *err);

/* A web page: no hub has any. */
bool answer_is_page(const struct http_call *call);

/* 2xx, and no web page. */
bool answer_is_good(const struct http_call *call);

/* Words for an answer that is no success, into f->error; returns the code. */
int answer_words(struct flow *f);

/* The wait that an answer asks for; false when it names none. */
bool answer_wait(const struct http_call *call, unsigned *ms);

/* Our clock minus the hub's when its answer has a date. */
void hub_learn_clock(struct prov_hub *hub, const struct http_call *call);

/*
 * A 401 whose cause is in doubt: true when `call` is another request now, whose answer
 * will tell more; false when the cause is in f->rc and f->error.
 */
bool rights_ask(struct flow *f);

/* Note what the hub lets this key do, from an answer to the flow. */
void rights_learn(struct flow *f);

/* The policy lacks the right. Unless that is sure, the key may be wrong too. */
int rights_words(struct flow *f, bool sure);

#define CLOCK_SLACK_S 240

void hub_trace(struct prov_hub *hub, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
