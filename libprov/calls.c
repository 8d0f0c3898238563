/* Single requests with an answer of their own: methods, purging, statistics. */
#include "base64.h"
#include "hub.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int method_check(const struct prov_method *method, struct prov_error *err)
{
	if (!method->name || !*method->name || strlen(method->name) > 100)
		return fail(err, PROV_ERR_ARG, "a method has a name of 1-100 characters");
	if ((method->response_s && method->response_s < 5) || method->response_s > 300 ||
	    method->connect_s > 300)
		return fail(
			err, PROV_ERR_ARG,
			"a method waits 5-300 s for an answer, 0-300 s for a connection");
	return method->module ? prov_device_id_check(method->module, err) : 0;
}

static void method_target(struct flow *f, const char *id, const char *module)
{
	char encoded[PERCENT_BYTES(PROV_ID_MAX)] = "";
	char tail[sizeof(encoded) + sizeof("/modules//methods")];

	if (module)
		percent_encode(module, encoded);
	snprintf(tail, sizeof(tail), "%s%s/methods", module ? "/modules/" : "", encoded);
	flow_target(f, "POST", "/twins/", id, tail);
}

int prov_method_call(struct prov_hub *hub, const char *id,
		     const struct prov_method *method, int *status, char **payload,
		     struct prov_error *err)
{
	struct flow f = { .next = flow_single,
			  .once = true,
			  .needs = RIGHT_SERVICE_CONNECT };
	unsigned wait_s =
		(method->response_s ? method->response_s : 30) + method->connect_s;
	struct prov_hub_opts before = hub->opts;
	struct prov_secret *body = NULL;
	int rc = prov_device_id_check(id, err);

	if (rc == 0)
		rc = method_check(method, err);
	if (rc == 0)
		rc = json_make_method(method, &body, err);
	if (rc < 0)
		return rc;
	method_target(&f, id, method->module);
	flow_body(&f, body);
	/* The device's time comes on top of the hub's. */
	hub->opts.request_ms += wait_s * 1000;
	hub->opts.timeout_ms += wait_s * 1000;
	rc = hub_do(hub, &f, err);
	hub->opts = before;
	if (rc == 0)
		rc = json_read_method(f.call.text, status, payload, err);
	flow_clear(&f);
	return rc;
}

int prov_c2d_purge(struct prov_hub *hub, const char *id, uint64_t *purged,
		   struct prov_error *err)
{
	struct flow f = { .next = flow_single, .needs = RIGHT_SERVICE_CONNECT };
	uint64_t n = 0;
	int rc = prov_device_id_check(id, err);

	if (rc < 0)
		return rc;
	flow_target(&f, "DELETE", "/devices/", id, "/commands");
	rc = hub_do(hub, &f, err);
	if (rc == 0)
		rc = json_read_count(f.call.text, "totalMessagesPurged", &n, err);
	if (rc == 0 && purged)
		*purged = n;
	flow_clear(&f);
	return rc;
}

static int count(struct prov_hub *hub, const char *path, const char *const *names,
		 uint64_t *const *to, size_t n, struct prov_error *err)
{
	struct flow f = { .next = flow_single, .needs = RIGHT_REGISTRY_READ };
	int rc;

	flow_target(&f, "GET", path, "", "");
	rc = hub_do(hub, &f, err);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = json_read_count(f.call.text, names[i], to[i], err);
	flow_clear(&f);
	return rc;
}

int prov_statistics(struct prov_hub *hub, struct prov_statistics *out,
		    struct prov_error *err)
{
	static const char *const names[] = { "totalDeviceCount", "enabledDeviceCount",
					     "disabledDeviceCount",
					     "connectedDeviceCount" };
	struct prov_statistics s = { 0 };
	uint64_t *const to[] = { &s.total, &s.enabled, &s.disabled, &s.connected };
	int rc = count(hub, "/statistics/devices", names, to, 3, err);

	if (rc == 0)
		rc = count(hub, "/statistics/service", names + 3, to + 3, 1, err);
	if (rc == 0)
		*out = s;
	return rc;
}
