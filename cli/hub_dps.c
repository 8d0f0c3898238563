/* From a name to the provisioning service that assigns devices to a hub. */
#include "hubs.h"

#include <stdlib.h>
#include <string.h>

#define VARIABLE "STMIOT_DPS_CONNECTION_STRING"

static int no_service(const char *name)
{
	complain("%s%s%sno provisioning service is named\n"
		 "'stmiot hub add NAME --dps-connection-string-file FILE' keeps one with "
		 "its hub, " VARIABLE " says it for once\n"
		 "'stmiot sim up' starts a local one, --hub local",
		 name ? "the hub '" : "", name ? name : "", name ? "': " : "");
	return EXIT_USAGE;
}

int dps_find(struct hub *out)
{
	const char *text = getenv(VARIABLE);
	char standing[HUB_NAME_MAX + 1];
	int status;

	memset(out, 0, sizeof(*out));
	if (!globals.hub && text && *text)
		return hub_parse_connstr_of(PROV_CONNSTR_DPS, text, VARIABLE, &out->dps);
	hubs_default(standing);
	if (!globals.hub && !*standing)
		return no_service(NULL);
	status = hubs_find(globals.hub ? globals.hub : standing, out);
	if (status != EXIT_DONE || out->dps.key || out->dps.token)
		return status;
	status = no_service(out->name);
	hub_clear(out);
	return status;
}

int dps_open(struct prov_dps **out)
{
	struct prov_hub_opts opts;
	struct prov_error err;
	struct hub hub;
	int status = dps_find(&hub);

	if (status != EXIT_DONE)
		return status;
	hub_settings(&hub, &opts);
	if (prov_dps_open(&hub.dps, &opts, out, &err) < 0)
		status = report_prov(*hub.name ? hub.name : NULL, &err);
	hub_clear(&hub);
	return status;
}

void dps_way(struct hub *out)
{
	char standing[HUB_NAME_MAX + 1];

	memset(out, 0, sizeof(*out));
	hubs_default(standing);
	if (hubs_load(globals.hub ? globals.hub : standing, out, NULL) < 0)
		memset(out, 0, sizeof(*out));
}
