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
 * into `text`.
 */
enum error token_read(const struct hub *hub, const char *text, int64_t now_ms,
		      struct token *token, char *why, size_t why_bytes);

/*
 * Is it for this path, "/devices/d1", at one of the hub's names, with or without one of
 * its ports?
 */
bool token_covers(const struct hub *hub, const struct token *token, const char *path);

#endif
