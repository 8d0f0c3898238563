/* The HTTPS server, by libmicrohttpd, whose header only https.c knows. One thread. */
#ifndef HUB_HTTPS_H
#define HUB_HTTPS_H

#include <stdbool.h>
#include <stdint.h>

#include "hub.h"

struct https;

struct https_settings {
	const char *listen; /* an address, of IPv4 or IPv6 */
	unsigned port;      /* 0: any free one */
	bool tls13;
	const char *key_pem;
	const char *chain_pem;
};

/* NULL: `err` says why. Sets hub->https_port. */
struct https *https_open(struct hub *hub, const struct https_settings *settings,
			 char *err, size_t err_bytes);
void https_close(struct https *https);

/* Becomes readable when there is something to do. */
int https_pollfd(const struct https *https);
/* How long poll() may sleep before https_run() is due, -1 without end. */
int https_timeout_ms(const struct https *https);
void https_run(struct https *https);

#endif
