/* Tokens for $cbs ([AMQP] "Claims-based security" 1.0). */
#ifndef PROV_AMQP_TOKEN_H
#define PROV_AMQP_TOKEN_H

#include "amqp_node.h"

/* Sign one and ask; `answered` gets a number of 0. */
int amqp_put_token(struct amqp_node *cbs, const struct prov_sas *sas,
		   amqp_answered *answered, void *ctx, struct prov_error *err);

/* 0 when the token was taken; else why not, of `host`. */
int amqp_token_words(const char *host, const struct amqp_answer *answer,
		     struct prov_error *err);

#endif
