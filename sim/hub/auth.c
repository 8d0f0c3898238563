#include "auth.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sas.h"

/*
 * The hub's name, and its local ones: clients that cannot choose a port apart from the
 * name sign "localhost:8443". The real hub knows its name alone.
 */
static bool covers(const struct call *call, const struct sas *sas)
{
	static const char *const names[] = { NULL, "localhost", "127.0.0.1" };
	char host[HOST_MAX + 16];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name = names[i] ? names[i] : call->hub->host;

		if (sas_covers(sas, name, call->path))
			return true;
		snprintf(host, sizeof(host), "%s:%u", name, call->hub->https_port);
		if (sas_covers(sas, host, call->path))
			return true;
	}
	return false;
}

static bool by_policy(struct call *call, const struct sas *sas, unsigned right)
{
	const struct policy *policy = policy_find(&call->hub->policies, sas->policy);

	if (!policy) {
		refuse_quietly(call, ERROR_UNAUTHORIZED, "there is no policy '%s'",
			       sas->policy);
	} else if (!sas_signed_by(sas, policy->primary) &&
		   !sas_signed_by(sas, policy->secondary)) {
		refuse_quietly(call, ERROR_UNAUTHORIZED,
			       "the token is not signed with a key of policy %s",
			       policy->name);
	} else if (!(policy->rights & right)) {
		refuse_quietly(call, ERROR_ACCESS, "policy %s lacks the right %s",
			       policy->name, right_name(right));
	} else {
		return true;
	}
	return false;
}

static bool by_device(struct call *call, const struct sas *sas, unsigned right)
{
	struct device device;
	bool signed_well, enabled;

	if (right != RIGHT_DEVICE_CONNECT) {
		refuse_quietly(call, ERROR_ACCESS,
			       "the token names no policy (skn), and devices lack the "
			       "right %s",
			       right_name(right));
		return false;
	}
	if (!call_find(call, &device))
		return false;
	signed_well = device.auth == AUTH_SAS && (sas_signed_by(sas, device.primary) ||
						  sas_signed_by(sas, device.secondary));
	enabled = device.enabled;
	device_free(&device);
	if (!signed_well)
		refuse_quietly(call, ERROR_UNAUTHORIZED,
			       "the token is not signed with a key of device '%s'",
			       call->device);
	else if (!enabled)
		refuse_quietly(call, ERROR_UNAUTHORIZED, "device '%s' is disabled",
			       call->device);
	return signed_well && enabled;
}

bool authorize(struct call *call, unsigned right)
{
	const char *header = request_header(call->request, "Authorization");
	const char *wrong;
	struct sas sas;

	if (!header) {
		refuse_quietly(call, ERROR_ACCESS, "there is no Authorization header");
		return false;
	}
	if (strncasecmp(header, "Bearer ", 7) == 0) {
		refuse_quietly(call, ERROR_ACCESS,
			       "bearer tokens are of Entra ID, which is not here");
		return false;
	}
	wrong = sas_parse(&sas, header);
	if (wrong) {
		refuse_quietly(call, ERROR_UNAUTHORIZED, "the token is malformed: %s",
			       wrong);
	} else if (sas_expired(&sas, call->now_ms)) {
		refuse_quietly(call, ERROR_UNAUTHORIZED,
			       "the token expired at %llu, the hub's clock says %lld",
			       sas.expires_unix, (long long)(call->now_ms / 1000));
	} else if (!covers(call, &sas)) {
		refuse_quietly(call, ERROR_ACCESS,
			       "the token is for %s, the request for %s%s", sas.resource,
			       call->hub->host, call->path);
	} else {
		return *sas.policy ? by_policy(call, &sas, right)
				   : by_device(call, &sas, right);
	}
	return false;
}
