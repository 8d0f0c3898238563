#include "token.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/*
 * Event Hubs signs with the text of a key, for resources that are URIs; IoT Hub takes URIs
 * too, and here both have one name.
 */
static bool signed_by(const struct sas *sas, const char *key)
{
	return sas_signed_by(sas, key) ||
	       (strstr(sas->resource, "://") && sas_signed_by_text(sas, key));
}

static enum error judge_policy(const struct hub *hub, struct token *token, char *why,
			       size_t why_bytes)
{
	const struct policy *policy = policy_find(&hub->policies, token->sas.policy);

	if (!policy) {
		snprintf(why, why_bytes, "there is no policy '%s'", token->sas.policy);
		return ERROR_UNAUTHORIZED;
	}
	if (!signed_by(&token->sas, policy->primary) &&
	    !signed_by(&token->sas, policy->secondary)) {
		snprintf(why, why_bytes,
			 "the token is not signed with a key of policy %s", policy->name);
		return ERROR_UNAUTHORIZED;
	}
	token->policy = policy;
	return ERROR_NONE;
}

enum error token_parse(const char *text, int64_t now_ms, struct sas *sas, char *why,
		       size_t why_bytes)
{
	const char *wrong;

	if (strncasecmp(text, "Bearer ", 7) == 0) {
		snprintf(why, why_bytes,
			 "bearer tokens are of Entra ID, which is not here");
		return ERROR_ACCESS;
	}
	wrong = sas_parse(sas, text);
	if (wrong) {
		snprintf(why, why_bytes, "the token is malformed: %s", wrong);
		return ERROR_UNAUTHORIZED;
	}
	if (sas_expired(sas, now_ms)) {
		snprintf(why, why_bytes,
			 "the token expired at %llu, the hub's clock says %lld",
			 sas->expires_unix, (long long)(now_ms / 1000));
		return ERROR_UNAUTHORIZED;
	}
	return ERROR_NONE;
}

enum error token_read(const struct hub *hub, const char *text, int64_t now_ms,
		      struct token *token, char *why, size_t why_bytes)
{
	enum error error = token_parse(text, now_ms, &token->sas, why, why_bytes);

	token->policy = NULL;
	if (error != ERROR_NONE)
		return error;
	return *token->sas.policy ? judge_policy(hub, token, why, why_bytes) : ERROR_NONE;
}

/* Clients that cannot choose a port apart from the name sign "localhost:8443". */
static bool covers_ports(const struct hub *hub, const struct sas *sas, const char *name,
			 const char *path)
{
	const unsigned ports[] = { hub->https_port, hub->mqtt_port, hub->amqp_port };
	char host[HOST_MAX + 16];

	if (sas_covers(sas, name, path))
		return true;
	for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		snprintf(host, sizeof(host), "%s:%u", name, ports[i]);
		if (sas_covers(sas, host, path))
			return true;
	}
	return false;
}

/* The real hub knows its name alone. */
bool token_covers_host(const struct hub *hub, const struct sas *sas, const char *host,
		       const char *path)
{
	const char *const names[] = { host, "localhost", "127.0.0.1" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (covers_ports(hub, sas, names[i], path))
			return true;
	return false;
}

bool token_covers(const struct hub *hub, const struct token *token, const char *path)
{
	return token_covers_host(hub, &token->sas, hub->host, path);
}
