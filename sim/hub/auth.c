#include "auth.h"

#include <stdio.h>

#include "dps/routes.h"
#include "login.h"
#include "token.h"

/* Refuses the call as `judged` says, whose words are in `why`. */
static bool let_in(struct call *call, enum error judged, const char *why)
{
	if (judged != ERROR_NONE)
		refuse_quietly(call, judged, "%s", why);
	return judged == ERROR_NONE;
}

static bool by_policy(struct call *call, const struct token *token, unsigned right)
{
	if (!token_covers(call->hub, token, call->path)) {
		refuse_quietly(call, ERROR_ACCESS,
			       "the token is for %s, the request for %s%s",
			       token->sas.resource, call->hub->host, call->path);
		return false;
	}
	if (token->policy->rights & right)
		return true;
	refuse_quietly(call, ERROR_ACCESS, "policy %s lacks the right %s",
		       token->policy->name, right_name(right));
	return false;
}

static bool by_device(struct call *call, const char *header)
{
	struct login login = { .device = call->device,
			       .module = call->module,
			       .token = header,
			       .certificate = call->request->certificate,
			       .chain = call->request->chain };
	char why[WHY_MAX];
	enum error judged =
		login_check(call->hub, &login, &call->identity, why, sizeof(why));

	if (!let_in(call, judged, why))
		return false;
	store_seen(call->hub->store, call->device, call->module, call->now_ms, false);
	return true;
}

bool authorize(struct call *call, unsigned right)
{
	const char *header = request_header(call->request, "Authorization");
	struct token token;
	enum error judged;
	char why[WHY_MAX];

	if (right == RIGHT_NONE)
		return true;
	if (right == RIGHT_PROVISIONING)
		return dps_authorize(call, header);
	if (right == RIGHT_DEVICE_CONNECT)
		return by_device(call, header);
	if (!header) {
		refuse_quietly(call, ERROR_ACCESS, "there is no Authorization header");
		return false;
	}
	judged = token_read(call->hub, header, call->now_ms, &token, why, sizeof(why));
	if (!let_in(call, judged, why))
		return false;
	if (token.policy)
		return by_policy(call, &token, right);
	refuse_quietly(call, ERROR_ACCESS,
		       "the token names no policy (skn), and devices lack the right %s",
		       right_name(right));
	return false;
}
