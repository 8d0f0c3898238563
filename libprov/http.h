/* By curl: many HTTPS requests at once over kept-alive connections to one host. */
#ifndef PROV_HTTP_H
#define PROV_HTTP_H

#include "error.h"

struct http_pool;

struct http_opts {
	const char *host;
	uint16_t port;
	const char *ca_file, *connect_to, *user_agent; /* the first two may be NULL */
	unsigned connect_ms;
	const struct prov_secret *identity; /* a client's, in PEM; may be NULL */
};

/* A request and its answer. */
struct http_call {
	const char *method;
	const char *target;                      /* path and query, encoded */
	const struct prov_secret *authorization; /* the header's value; may be NULL */
	const struct prov_secret *body;          /* JSON; may be NULL */
	const char *if_match;     /* as it goes into the header; may be NULL */
	const char *continuation; /* may be NULL */
	unsigned max_items;       /* of a query's page; 0 is none */
	bool fresh;               /* never over a connection that may be stale */
	unsigned timeout_ms;
	void *owner;
	/* The outcome: 0 when an answer came, whatever its status. */
	int rc;
	struct prov_error error;
	bool sent;      /* it went out, or at least it began to */
	unsigned sends; /* more than one: curl found a kept connection dead */
	bool slow;      /* PROV_ERR_CONNECT: nobody answered, rather than refused */
	int status;
	unsigned connects;
	int64_t took_ms;
	char date[40], retry_after[40], error_code[64], request_id[64], content_type[64];
	char *next; /* x-ms-continuation */
	char *text; /* the body, ended by a zero byte; never NULL when rc is 0 */
	size_t text_len;
	/* Ours. */
	size_t text_room;
	bool too_long, no_memory;
	void *easy, *headers;
};

int http_open(const struct http_opts *opts, struct http_pool **out,
	      struct prov_error *err);
void http_close(struct http_pool *pool);

/* Put it on its way. It must stay until http_next has returned it, or http_stop. */
int http_start(struct http_pool *pool, struct http_call *call, struct prov_error *err);
void http_stop(struct http_pool *pool, struct http_call *call);

/* Let the calls run for up to `ms`, until one ends; NULL when none did. */
struct http_call *http_next(struct http_pool *pool, unsigned ms);

/* Wipes and frees the answer. */
void http_clear(struct http_call *call);

/* Where requests are sent to. */
const char *http_host(const struct http_pool *pool);
uint16_t http_port(const struct http_pool *pool);

/*
 * Connect to the hub as requests do, by a proxy if there is one, and hang up. It is well
 * when something answers there, whatever that is.
 */
int http_try_hub(struct http_pool *pool, bool *proxied, struct prov_error *err);

/* The same for what is no HTTP, without a proxy: TLS must be well too. */
int http_try_tls(struct http_pool *pool, struct prov_error *err);

/* Connect to a port of the hub and hang up; no proxy is used for protocols but HTTP. */
int http_try_port(struct http_pool *pool, uint16_t port, struct prov_error *err);

#endif
