#include "commands.h"
#include "hubs.h"
#include "json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *device, *ttl = "1h", *which = "primary";
static bool which_given;

const struct opt token_options[] = {
	{ OPT_TEXT, 0, "device", "ID",
	  "for a device, signed by its own key, which is fetched from the hub", &device,
	  NULL, "device" },
	{ OPT_CHOICE, 0, "key", "primary|secondary|policy",
	  "which of the device's keys signs (default: primary), or the hub's policy: "
	  "without asking the hub",
	  &which, &which_given, NULL },
	{ OPT_TEXT, 0, "ttl", "TIME",
	  "how long it is good for: 90s, 30m, 1h, 7d, or seconds (default: 1h)", &ttl,
	  NULL, NULL },
	{ 0 },
};

static void format_time(int64_t unix_time, char *to, size_t bytes)
{
	time_t t = (time_t)unix_time;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(to, bytes, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static int print_token(const struct prov_sas *sas, const struct prov_secret *token)
{
	struct json *j;
	char expires[32];

	format_time(sas->expires_unix, expires, sizeof(expires));
	if (!globals.json) {
		out("%s\n", prov_secret_text(token));
		note("good for %s until %s", sas->resource, expires);
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "token", prov_secret_text(token));
	json_add_text(j, "resource", sas->resource);
	json_add_text(j, "policy", sas->policy);
	json_add_number(j, "expires_unix", (double)sas->expires_unix);
	json_add_text(j, "expires", expires);
	return json_print(j);
}

static int sign(struct prov_sas *sas)
{
	struct prov_secret *token = NULL;
	struct prov_error err;
	int status;

	if (prov_sas_make(sas, &token, &err) < 0)
		return report_prov("token", &err);
	status = print_token(sas, token);
	prov_secret_free(token);
	return status;
}

static int sign_by_policy(const struct hub *hub, struct prov_sas *sas)
{
	if (!hub->connstr.key) {
		complain("token: this hub is used without a policy's key, so that there "
			 "is "
			 "none to sign with\n--device ID makes a token by the device's "
			 "own "
			 "key");
		return EXIT_USAGE;
	}
	sas->key = hub->connstr.key;
	sas->policy = hub->connstr.policy;
	return sign(sas);
}

static int sign_by_device(const struct hub *hub, struct prov_sas *sas)
{
	bool secondary = strcmp(which, "secondary") == 0;
	struct prov_device found = { 0 };
	struct prov_hub *open = NULL;
	struct prov_error err;
	int status = hub_open(hub, &open);

	if (status != EXIT_DONE)
		return status;
	if (prov_device_get(open, device, &found, &err) < 0) {
		status = report_prov("token", &err);
	} else {
		sas->key = secondary ? found.secondary_key : found.primary_key;
		if (sas->key) {
			status = sign(sas);
		} else {
			complain("token: the device '%s' has no keys: it comes with a "
				 "certificate",
				 clean(device));
			status = EXIT_FAILED;
		}
	}
	prov_device_clear(&found);
	prov_hub_close(open);
	return status;
}

int cmd_token(int argc, char **argv)
{
	char resource[PROV_HOST_MAX + PROV_ID_MAX + 16];
	struct prov_sas sas = { .resource = resource };
	struct prov_error err;
	uint32_t seconds;
	struct hub hub;
	int status;

	(void)argv;
	if (argc > 0)
		return usage_error("token takes no argument; --device names a device");
	if (!parse_duration(ttl, &seconds))
		return usage_error("--ttl %s: not a time such as 90s, 30m, 1h, 7d, up to "
				   "ten years",
				   clean(ttl));
	if (which_given && !device)
		return usage_error("--key needs --device");
	if (device && prov_device_id_check(device, &err) < 0)
		return report_prov("--device", &err);
	status = hubs_find(NULL, &hub);
	if (status != EXIT_DONE)
		return status;
	snprintf(resource, sizeof(resource), "%s%s%s", hub.connstr.host,
		 device ? "/devices/" : "", device ? device : "");
	sas.expires_unix = (int64_t)time(NULL) + seconds;
	status = device && strcmp(which, "policy") != 0 ? sign_by_device(&hub, &sas)
							: sign_by_policy(&hub, &sas);
	hub_clear(&hub);
	return status;
}
