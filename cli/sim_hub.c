/* The local hub of `sim`: its process, and its name among the user's hubs. */
#include "hubs.h"
#include "sim.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool sim_hub_installed(void)
{
	char path[4096];

	return sys_find_program("stmiot-hub", true, path, sizeof(path));
}

static int failed_in_prov(const struct prov_error *why, struct dfu_error *err)
{
	sys_fail(err, DFU_ERR_FILE, "%s", why->msg);
	sys_hint(err, "%s", why->hint);
	return err->code;
}

static unsigned port_of(const struct json *status, const char *key)
{
	double port = 0;

	return json_number(status, key, &port) && port >= 1 && port <= 65535
		       ? (unsigned)port
		       : 0;
}

void sim_hub_address(const struct json *status, char *to, size_t bytes)
{
	snprintf(to, bytes, "https://127.0.0.1:%u", port_of(status, "https"));
}

/* -- its name ---------------------------------------------------------------------- */

struct ports {
	unsigned https, mqtt, amqp; /* 0: any that is free */
};

static struct ports ports_of(const struct hub *hub)
{
	const char *colon = hub->connect_to ? strrchr(hub->connect_to, ':') : NULL;

	return (struct ports){ .https =
				       colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0,
			       .mqtt = hub->ports.mqtt,
			       .amqp = hub->ports.amqp };
}

/*
 * A hub called so that is not of this folder is the user's own. `ports` are those that it had
 * when it was started last, and may be NULL.
 */
static bool name_is_ours(bool *taken, struct ports *ports)
{
	char *dir = realpath(sim_dir(), NULL);
	struct prov_error err;
	struct hub hub = { 0 };
	bool ours;

	*taken = hubs_load(SIM_HUB_NAME, &hub, &err) == 0;
	if (*taken)
		ours = dir && hub.sim_dir && strcmp(hub.sim_dir, dir) == 0;
	else
		ours = err.code == PROV_ERR_NOTFOUND;
	if (ours && *taken && ports)
		*ports = ports_of(&hub);
	hub_clear(&hub);
	free(dir);
	return ours;
}

static int read_connstr(struct hub *hub, struct dfu_error *err)
{
	struct prov_secret *text = NULL;
	struct prov_error why;
	char path[4096];
	int rc;

	if (!sim_path(SIM_HUB, "connection-string", path, sizeof(path)))
		return sys_fail(err, DFU_ERR_FILE, "%s: the path is too long", sim_dir());
	rc = prov_secret_from_file(path, &text, &why);
	if (rc == 0)
		rc = prov_connstr_parse(prov_secret_text(text), &hub->connstr, &why);
	prov_secret_free(text);
	return rc < 0 ? failed_in_prov(&why, err) : 0;
}

/* A hub of before may have none. */
static int read_dps(struct hub *hub, struct dfu_error *err)
{
	struct prov_secret *text = NULL, *scope = NULL;
	struct prov_error why;
	char path[4096];
	int rc;

	if (!sim_path(SIM_HUB, "dps-connection-string", path, sizeof(path)) ||
	    access(path, F_OK) != 0)
		return 0;
	rc = prov_secret_from_file(path, &text, &why);
	if (rc == 0)
		rc = prov_connstr_parse(prov_secret_text(text), &hub->dps, &why);
	prov_secret_free(text);
	if (rc == 0 && sim_path(SIM_HUB, "dps-id-scope", path, sizeof(path)) &&
	    prov_secret_from_file(path, &scope, NULL) == 0 &&
	    !hub_set(&hub->id_scope, prov_secret_text(scope)))
		rc = hub_fail(&why, PROV_ERR_NOMEM, "no memory for the hub's name");
	prov_secret_free(scope);
	return rc < 0 ? failed_in_prov(&why, err) : 0;
}

static int describe(struct hub *hub, const struct json *status, struct dfu_error *err)
{
	char *dir = realpath(sim_dir(), NULL), ca[4096], address[32];
	bool good;

	if (!dir)
		return sys_fail(err, DFU_ERR_FILE, "%s: ", sim_dir());
	snprintf(hub->name, sizeof(hub->name), "%s", SIM_HUB_NAME);
	snprintf(address, sizeof(address), "127.0.0.1:%u", port_of(status, "https"));
	snprintf(ca, sizeof(ca), "%.*s/" SIM_HUB "/ca.pem", (int)sizeof(ca) - 16, dir);
	hub->ports.mqtt = (uint16_t)port_of(status, "mqtt");
	hub->ports.amqp = (uint16_t)port_of(status, "amqp");
	good = hub_set(&hub->ca_file, ca) && hub_set(&hub->connect_to, address) &&
	       hub_set(&hub->sim_dir, dir);
	free(dir);
	return good ? read_connstr(hub, err)
		    : sys_fail(err, DFU_ERR_NOMEM, "no memory for the hub's name");
}

static int give_name(const struct json *status, struct dfu_error *err)
{
	struct hub hub = { 0 };
	struct prov_error why;
	bool taken;
	int rc;

	if (!name_is_ours(&taken, NULL)) {
		note("the name '" SIM_HUB_NAME "' is that of another hub, and stays so");
		return 0;
	}
	rc = describe(&hub, status, err);
	if (rc == 0)
		rc = read_dps(&hub, err);
	if (rc == 0 && hubs_save(&hub, true, &why) < 0)
		rc = failed_in_prov(&why, err);
	hub_clear(&hub);
	return rc;
}

/* `hub use local` outlives this: the next start makes it true again. */
static int take_name(struct dfu_error *err)
{
	struct prov_error why;
	bool taken;

	if (name_is_ours(&taken, NULL) && taken && hubs_remove(SIM_HUB_NAME, &why) < 0)
		return failed_in_prov(&why, err);
	return 0;
}

/* -- its process ------------------------------------------------------------------- */

static int start(const struct ports *ports, struct dfu_error *err)
{
	char folder[4096], https[12], mqtt[12], amqp[12];
	const char *argv[] = { "stmiot-hub", "--https", https,  "--mqtt", mqtt,
			       "--amqp",     amqp,      folder, NULL };

	snprintf(https, sizeof(https), "%u", ports->https);
	snprintf(mqtt, sizeof(mqtt), "%u", ports->mqtt);
	snprintf(amqp, sizeof(amqp), "%u", ports->amqp);
	if (!sim_path(SIM_HUB, NULL, folder, sizeof(folder)))
		return sys_fail(err, DFU_ERR_FILE, "%s: the path is too long", sim_dir());
	return sim_run(SIM_HUB, argv, folder, err);
}

/* Where it was before it was killed, so that who is connected finds it again. */
static int start_again(struct dfu_error *err)
{
	struct ports ports = { 0 };
	bool taken;

	if (name_is_ours(&taken, &ports) && ports.https && start(&ports, err) == 0)
		return 0;
	ports = (struct ports){ 0 };
	return start(&ports, err);
}

int sim_hub_start(struct dfu_error *err)
{
	struct json *status = NULL;
	int rc = sim_ask(SIM_HUB, sim_request("status"), &status, err);

	if (rc == DFU_ERR_NODEV) {
		rc = start_again(err);
		if (rc == 0)
			rc = sim_ask(SIM_HUB, sim_request("status"), &status, err);
	}
	if (rc == 0)
		rc = give_name(status, err);
	json_free(status);
	return rc;
}

int sim_hub_stop(struct dfu_error *err)
{
	int rc = sim_stop(SIM_HUB, err);

	/* It may have been killed: then only its name is left. */
	if (rc == 0 || rc == DFU_ERR_NODEV) {
		struct dfu_error why;

		if (take_name(&why) < 0) {
			*err = why;
			return why.code;
		}
	}
	return rc;
}
