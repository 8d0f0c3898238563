#include "amqp/claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "amqp/place.h"
#include "clock.h"
#include "crypto.h"

void claim_free(struct claim *claim)
{
	if (claim->text)
		explicit_bzero(claim->text, strlen(claim->text));
	free(claim->text);
	explicit_bzero(claim, sizeof(*claim));
	free(claim);
}

void claims_free(struct claims *claims)
{
	while (claims->first) {
		struct claim *claim = claims->first;

		claims->first = claim->next;
		claim_free(claim);
	}
	claims->count = 0;
}

struct claim *claims_expire(struct claims *claims, int64_t now_ms)
{
	for (struct claim **at = &claims->first; *at; at = &(*at)->next) {
		struct claim *claim = *at;

		if (claim->expires_ms > now_ms)
			continue;
		*at = claim->next;
		claims->count--;
		return claim;
	}
	return NULL;
}

/* -- tokens -------------------------------------------------------------------------- */

/* Event Hubs' resources are URIs, sb://host/entity; IoT Hub's begin with the host. */
static void strip_scheme(char *resource)
{
	const char *host;
	size_t host_len;
	const char *path = place_path(resource, &host, &host_len);

	if (host == resource)
		return;
	memmove(resource, host, host_len + strlen(path) + 1);
	for (size_t i = 0; i < host_len; i++)
		if (resource[i] >= 'A' && resource[i] <= 'Z')
			resource[i] = (char)(resource[i] + 32);
}

/*
 * With the lock. Tokens that name no policy are of a device: whether its key signed them
 * is known only from its name, which is in the resource.
 */
static enum error judge_device(struct hub *hub, const struct claim *claim, char *why,
			       size_t why_bytes)
{
	const char *resource = claim->token.sas.resource;
	struct place place;
	struct login login = { .token = claim->text };
	struct identity identity;
	char path[SAS_RESOURCE_MAX + 8];

	snprintf(path, sizeof(path), "%s/twin", resource + strcspn(resource, "/"));
	if (!place_parse(&place, path) || place.kind != PLACE_DEVICE_TWIN) {
		snprintf(why, why_bytes,
			 "the token names no policy, and its resource %s no device",
			 resource);
		return ERROR_UNAUTHORIZED;
	}
	login.device = place.device;
	login.module = place.module;
	return login_check(hub, &login, &identity, why, why_bytes);
}

static enum error judge(struct hub *hub, struct claim *claim, char *why, size_t why_bytes)
{
	struct token *token = &claim->token;
	enum error error =
		token_read(hub, claim->text, clock_unix_ms(), token, why, why_bytes);

	if (error != ERROR_NONE)
		return error;
	strip_scheme(token->sas.resource);
	if (!token->policy)
		return judge_device(hub, claim, why, why_bytes);
	if (!token_covers(hub, token,
			  token->sas.resource + strcspn(token->sas.resource, "/"))) {
		snprintf(why, why_bytes, "the token is for %s, this hub is %s",
			 token->sas.resource, hub->host);
		return ERROR_ACCESS;
	}
	return ERROR_NONE;
}

/* The claim for the same resource, which links may hold on to, takes over the new token. */
static void keep(struct claims *claims, struct claim *claim)
{
	struct claim *old = claims->first;

	while (old && (!old->text ||
		       strcmp(old->token.sas.resource, claim->token.sas.resource) != 0))
		old = old->next;
	if (old) {
		struct claim given = *claim;

		given.next = old->next;
		claim->text = old->text;
		*old = given;
		claim_free(claim);
		return;
	}
	claim->next = claims->first;
	claims->first = claim;
	claims->count++;
}

static enum error put(struct claims *claims, struct claim *claim, enum error error)
{
	if (error == ERROR_NONE)
		keep(claims, claim);
	else
		claim_free(claim);
	return error;
}

enum error claims_put(struct claims *claims, struct hub *hub, const char *token,
		      char *why, size_t why_bytes)
{
	struct claim *claim = calloc(1, sizeof(*claim));
	enum error error;

	if (claim)
		claim->text = strdup(token);
	if (!claim || !claim->text || claims->count >= CLAIMS_MAX) {
		free(claim);
		snprintf(why, why_bytes, "there is no room for more tokens");
		return ERROR_QUOTA;
	}
	lock_take(&hub->lock);
	error = judge(hub, claim, why, why_bytes);
	lock_give(&hub->lock);
	claim->expires_ms = claim->token.sas.expires_unix > INT64_MAX / 1000
				    ? INT64_MAX
				    : (int64_t)claim->token.sas.expires_unix * 1000;
	return put(claims, claim, error);
}

/* -- PLAIN --------------------------------------------------------------------------- */

static bool same(const char *a, const char *b)
{
	return strlen(a) == strlen(b) && crypto_equal(a, b, strlen(a));
}

/* Event Hubs' form. */
static enum error put_key(struct claims *claims, struct hub *hub, const char *user,
			  const char *key, char *why, size_t why_bytes)
{
	struct claim *claim = calloc(1, sizeof(*claim));
	const struct policy *policy;

	if (!claim) {
		snprintf(why, why_bytes, "no memory");
		return ERROR_SERVER;
	}
	claim->expires_ms = INT64_MAX;
	lock_take(&hub->lock);
	policy = policy_find(&hub->policies, user);
	if (policy && (same(key, policy->primary) || same(key, policy->secondary)))
		claim->token.policy = policy;
	else
		snprintf(why, why_bytes,
			 policy ? "the password is not a key of policy %s"
				: "there is no policy '%s'",
			 user);
	lock_give(&hub->lock);
	return put(claims, claim, claim->token.policy ? ERROR_NONE : ERROR_UNAUTHORIZED);
}

/* The hub's first label, or all of its name. */
static bool names_hub(const struct hub *hub, const char *name)
{
	size_t len = strcspn(hub->host, ".");

	return strcasecmp(name, hub->host) == 0 ||
	       (strlen(name) == len && strncasecmp(name, hub->host, len) == 0);
}

enum error claims_put_plain(struct claims *claims, struct hub *hub, const char *user,
			    const char *password, char *why, size_t why_bytes)
{
	static const char policies[] = "@sas.root.", devices[] = "@sas.";
	const char *at = strstr(user, devices);
	const char *name;
	enum error error;

	if (!at)
		return put_key(claims, hub, user, password, why, why_bytes);
	name = at + (strncmp(at, policies, sizeof(policies) - 1) == 0
			     ? sizeof(policies) - 1
			     : sizeof(devices) - 1);
	if (!names_hub(hub, name)) {
		snprintf(why, why_bytes, "the user %s is of another hub than %s", user,
			 hub->host);
		return ERROR_UNAUTHORIZED;
	}
	error = claims_put(claims, hub, password, why, why_bytes);
	if (error == ERROR_NONE && name == at + sizeof(policies) - 1 &&
	    (!claims->first->token.policy ||
	     strlen(claims->first->token.policy->name) != (size_t)(at - user) ||
	     strncasecmp(claims->first->token.policy->name, user, (size_t)(at - user)))) {
		snprintf(why, why_bytes, "the token is not of the user %s", user);
		error = ERROR_UNAUTHORIZED;
	}
	return error;
}

/* -- asking -------------------------------------------------------------------------- */

struct claim *claims_find(const struct claims *claims, struct hub *hub, unsigned right,
			  const char *path, char *why, size_t why_bytes)
{
	struct claim *claim = claims->first;
	const char *reason = claim ? "no token is for it" : "there is no token";

	lock_take(&hub->lock);
	for (; claim; claim = claim->next) {
		if (claim->text && !token_covers(hub, &claim->token, path))
			continue;
		if (!claim->token.policy || !(claim->token.policy->rights & right))
			reason = "the policy lacks the right ServiceConnect";
		else
			break;
	}
	lock_give(&hub->lock);
	if (!claim)
		snprintf(why, why_bytes, "%s: %s", path, reason);
	return claim;
}

static enum error login_by(const struct claims *claims, struct hub *hub,
			   struct login login, struct identity *identity,
			   struct claim **by, char *why, size_t why_bytes)
{
	enum error error = ERROR_ACCESS;
	char path[2 * ID_MAX + 32];

	snprintf(path, sizeof(path),
		 *login.module ? "/devices/%s/modules/%s" : "/devices/%s", login.device,
		 login.module);
	snprintf(why, why_bytes, "%s: there is neither a token for it nor a certificate",
		 path);
	*by = NULL;
	if (login.certificate)
		error = login_check(hub, &login, identity, why, why_bytes);
	for (struct claim *claim = claims->first; claim && error != ERROR_NONE;
	     claim = claim->next) {
		if (!claim->text || !token_covers(hub, &claim->token, path))
			continue;
		*by = claim;
		login.token = claim->text;
		error = login_check(hub, &login, identity, why, why_bytes);
	}
	return error;
}

enum error claims_login(const struct claims *claims, struct hub *hub,
			const struct login *login, struct identity *identity,
			struct claim **by, char *why, size_t why_bytes)
{
	enum error error;

	lock_take(&hub->lock);
	error = login_by(claims, hub, *login, identity, by, why, why_bytes);
	lock_give(&hub->lock);
	return error;
}
