/* A token that a client shows, judged as far as that goes without knowing what for. */
#ifndef HUB_TOKEN_H
#define HUB_TOKEN_H

#include "errors.h"
#include "hub.h"
#include "sas.h"

struct token {
	struct sas sas;
	/* Whose key signed it; NULL: it names no policy, and is yet to be judged. */
	const struct policy *policy;
};

/*
 * ERROR_NONE, or what is wrong with it; `why` is for the log, without a secret. Points
 * into `text`. Who signed it is not looked at.
 */
enum error token_parse(const char *text, int64_t now_ms, struct sas *sas, char *why,
		       size_t why_bytes);

/* The same, and judges the signature of a policy. */
enum error token_read(const struct hub *hub, const char *text, int64_t now_ms,
		      struct token *token, char *why, size_t why_bytes);

/*
 * Is it for this path, "/devices/d1", at one of the hub's names, with or without one of
 * its ports?
 */
bool token_covers(const struct hub *hub, const struct token *token, const char *path);
/* The same for a service that has `host` as its name. */
bool token_covers_host(const struct hub *hub, const struct sas *sas, const char *host,
		       const char *path);

#endif
