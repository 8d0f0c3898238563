/* Devices that register by HTTPS. */
#include <stdio.h>

#include "dps/routes.h"
#include "dps/dps.h"

static struct dps_client client_of(const struct call *call)
{
	return (struct dps_client){ .scope = call->segments[0],
				    .id = call->device,
				    .token = request_header(call->request,
							    "Authorization"),
				    .certificate = call->request->certificate,
				    .chain = call->request->chain };
}

static void answer_result(struct call *call, struct dps_result *result)
{
	char seconds[16];

	answer_json(call, result->status, result->body);
	call->refused = result->refused;
	snprintf(call->why, sizeof(call->why), "%s", result->why);
	if (result->retry_after_s < 0)
		return;
	snprintf(seconds, sizeof(seconds), "%d", result->retry_after_s);
	answer_header(call->answer, "retry-after", seconds);
}

void api_register(struct call *call)
{
	const struct request *request = call->request;
	struct dps_client client = client_of(call);
	struct dps_result result = { 0 };

	if (request->too_large) {
		refuse(call, ERROR_TOO_LARGE, NULL);
		return;
	}
	dps_register(call->hub, &client, request->body, request->body_len, &result);
	answer_result(call, &result);
}

void api_poll_registration(struct call *call)
{
	struct dps_client client = client_of(call);
	struct dps_result result = { 0 };

	dps_poll(call->hub, &client, call->module, &result);
	answer_result(call, &result);
}

void api_lookup_registration(struct call *call)
{
	struct dps_client client = client_of(call);
	struct dps_result result = { 0 };

	dps_lookup(call->hub, &client, &result);
	answer_result(call, &result);
}
