#include "amqp_token.h"

#include <stdio.h>
#include <string.h>

int amqp_put_token(struct amqp_node *cbs, const struct prov_sas *sas,
		   amqp_answered *answered, void *ctx, struct prov_error *err)
{
	const struct prov_property properties[] = {
		{ "operation", "put-token" },
		{ "type", "servicebus.windows.net:sastoken" },
		{ "name", sas->resource },
	};
	struct amqp_question q = { .properties = properties,
				   .n_properties = 3,
				   .answered = answered,
				   .ctx = ctx };
	struct prov_secret *token = NULL;
	int rc = prov_sas_make(sas, &token, err);

	if (rc < 0)
		return rc;
	q.body = prov_secret_text(token);
	rc = amqp_node_ask(cbs, &q, err);
	prov_secret_free(token);
	return rc;
}

/* A refusal of the token, or of what it is for. */
int amqp_token_words(const char *host, const struct amqp_answer *answer,
		     struct prov_error *err)
{
	struct amqp_fault fault = { .condition = "com.microsoft:auth-failed" };

	if (answer->status == 200 || answer->status == 202)
		return 0;
	snprintf(fault.description, sizeof(fault.description), "%s", answer->words);
	if (answer->status == 404)
		strcpy(fault.condition, "amqp:not-found");
	else if (strstr(answer->words, "claim"))
		strcpy(fault.condition, "amqp:unauthorized-access");
	else if (answer->status != 401 && answer->status != 403)
		fault.condition[0] = '\0';
	return amqp_words(host, &fault, err);
}
