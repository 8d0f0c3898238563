#include "dps/routes.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "dps/dps.h"
#include "token.h"

#define SERVICE RIGHT_PROVISIONING, THROTTLE_PROVISIONING
#define DEVICE  RIGHT_NONE, THROTTLE_NONE /* registering counts by itself */

/* clang-format off */
static const struct route routes[] = {
	{ "POST",   "/enrollments",                        SERVICE, true,  api_bulk_enrollments },
	{ "POST",   "/enrollments/query",                  SERVICE, true,  api_query_enrollments },
	{ "GET",    "/enrollments/{d}",                    SERVICE, false, api_get_enrollment },
	{ "PUT",    "/enrollments/{d}",                    SERVICE, true,  api_put_enrollment },
	{ "DELETE", "/enrollments/{d}",                    SERVICE, false, api_delete_enrollment },
	{ "POST",   "/enrollments/{d}/attestationmechanism", SERVICE, false, api_get_attestation },
	{ "POST",   "/enrollmentGroups/query",             SERVICE, true,  api_query_enrollments },
	{ "GET",    "/enrollmentGroups/{d}",               SERVICE, false, api_get_enrollment },
	{ "PUT",    "/enrollmentGroups/{d}",               SERVICE, true,  api_put_enrollment },
	{ "DELETE", "/enrollmentGroups/{d}",               SERVICE, false, api_delete_enrollment },
	{ "POST",   "/enrollmentGroups/{d}/attestationmechanism", SERVICE, false, api_get_attestation },
	{ "POST",   "/registrations/{d}/query",            SERVICE, true,  api_query_registrations },
	{ "GET",    "/registrations/{d}",                  SERVICE, false, api_get_registration },
	{ "DELETE", "/registrations/{d}",                  SERVICE, false, api_delete_registration },
	{ "PUT",    "/*/registrations/{d}/register",       DEVICE,  false, api_register },
	{ "GET",    "/*/registrations/{d}/operations/{m}", DEVICE,  false, api_poll_registration },
	{ "POST",   "/*/registrations/{d}",                DEVICE,  false, api_lookup_registration },
	{ "GET",    "/*/registrations/{d}",                DEVICE,  false, api_lookup_registration },
};
/* clang-format on */

static bool is_segment(const struct call *call, size_t i, const char *name)
{
	return i < call->segment_count && strcasecmp(call->segments[i], name) == 0;
}

/* Id scopes begin with 0ne. */
bool dps_takes(const struct call *call)
{
	return is_segment(call, 0, "enrollments") ||
	       is_segment(call, 0, "enrollmentGroups") ||
	       is_segment(call, 0, "registrations") ||
	       (is_segment(call, 1, "registrations") &&
		strncasecmp(call->segments[0], "0ne", 3) == 0);
}

const struct route *dps_routes(struct call *call, size_t *count)
{
	call->error_form = dps_error_json;
	*count = sizeof(routes) / sizeof(routes[0]);
	return routes;
}

bool api_is_group(const struct call *call)
{
	return is_segment(call, 0, "enrollmentGroups");
}

/* NULL, or what is wrong. */
static const char *judge_owner(const struct dps *dps, const struct sas *sas)
{
	if (strcasecmp(sas->policy, dps->owner.name) != 0)
		return "the token is not of the policy provisioningserviceowner";
	if (!sas_signed_by(sas, dps->owner.primary) &&
	    !sas_signed_by(sas, dps->owner.secondary))
		return "the token is not signed with a key of provisioningserviceowner";
	return NULL;
}

bool dps_authorize(struct call *call, const char *header)
{
	const struct dps *dps = call->hub->dps;
	struct sas sas;
	char why[WHY_MAX];
	enum error error;
	const char *wrong;

	if (!header) {
		refuse_quietly(call, ERROR_ACCESS, "there is no Authorization header");
		return false;
	}
	error = token_parse(header, call->now_ms, &sas, why, sizeof(why));
	if (error != ERROR_NONE) {
		refuse_quietly(call, error, "%s", why);
		return false;
	}
	wrong = judge_owner(dps, &sas);
	if (wrong)
		refuse_quietly(call, ERROR_ACCESS, "%s", wrong);
	else if (!token_covers_host(call->hub, &sas, dps->host, call->path))
		refuse_quietly(call, ERROR_ACCESS,
			       "the token is for %s, the request for %s%s", sas.resource,
			       dps->host, call->path);
	return call->refused == ERROR_NONE;
}
