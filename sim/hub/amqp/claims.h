/*
 * What the client of one connection may do: the tokens that it has put to $cbs or shown in
 * SASL PLAIN, with their ends, and the key of a policy.
 */
#ifndef HUB_AMQP_CLAIMS_H
#define HUB_AMQP_CLAIMS_H

#include "login.h"
#include "token.h"

#define CLAIMS_MAX 2048

struct claim {
	struct claim *next;
	char *text; /* of the token, which `token` points into; NULL: a key was shown */
	struct token token;
	int64_t expires_ms; /* by clock_unix_ms(); INT64_MAX: never */
};

/* Starts out as zeros. */
struct claims {
	struct claim *first;
	size_t count;
};

void claims_free(struct claims *claims);

/* These take the hub's lock. `why` is for the log. */

/* A token; one for the same resource takes the place of the one before. */
enum error claims_put(struct claims *claims, struct hub *hub, const char *token,
		      char *why, size_t why_bytes);
/* SASL PLAIN: a policy or device, with a token, or a policy with its key. */
enum error claims_put_plain(struct claims *claims, struct hub *hub, const char *user,
			    const char *password, char *why, size_t why_bytes);
/* The one that gives a right of a policy at this path; NULL: none does. */
struct claim *claims_find(const struct claims *claims, struct hub *hub, unsigned right,
			  const char *path, char *why, size_t why_bytes);
/* Is it this device? By its claims, or its certificate; `*by` is NULL then. */
enum error claims_login(const struct claims *claims, struct hub *hub,
			const struct login *login, struct identity *identity,
			struct claim **by, char *why, size_t why_bytes);

/* Removes one that has expired, and returns it; NULL: there is none. */
struct claim *claims_expire(struct claims *claims, int64_t now_ms);
void claim_free(struct claim *claim);

#endif
