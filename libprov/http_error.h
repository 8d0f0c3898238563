/* Words for requests that got no answer. */
#ifndef PROV_HTTP_ERROR_H
#define PROV_HTTP_ERROR_H

#include "error.h"

struct http_failure {
	int curl_code; /* libcurl-errors(3) */
	const char *host, *ca_file;
	const char *to_host; /* that it connects to in place of `host`, or NULL */
	unsigned port;       /* that it connects to */
	unsigned connect_ms;
	long os_errno, verify, proxy_status;
	bool connected; /* TCP at least */
	bool direct;    /* not through a proxy */
};

/*
 * The variable with the proxy that curl takes for this hub; NULL when there is none, or
 * when no_proxy excepts the hub.
 */
const char *http_proxy_variable(const struct http_failure *f);

/* Fill `err` and return its code. */
int http_words(const struct http_failure *f, struct prov_error *err);

#endif
