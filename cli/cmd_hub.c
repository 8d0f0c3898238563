#include "commands.h"
#include "hubs.h"
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *connstr_file, *host, *ca, *connect_to, *token_command;
static const char *dps_file, *id_scope;
static uint32_t mqtt_port, amqp_port;
static bool mqtt_given, amqp_given;
static bool use, replace;

const struct opt hub_options[] = {
	{ OPT_TEXT, 0, "connection-string-file", "FILE",
	  "add: read the connection string from here; - is standard input (default: "
	  "STMIOT_HUB_CONNECTION_STRING, else a prompt)",
	  &connstr_file, NULL, "file" },
	{ OPT_TEXT, 0, "host", "NAME",
	  "add: the hub's host name instead of a connection string, with "
	  "--token-command",
	  &host, NULL, NULL },
	{ OPT_TEXT, 0, "token-command", "COMMAND",
	  "add: a shell command that prints an Entra ID token", &token_command, NULL,
	  NULL },
	{ OPT_TEXT, 0, "ca", "FILE", "add: trust these certificates (PEM) and no others",
	  &ca, NULL, "file" },
	{ OPT_TEXT, 0, "connect-to", "HOST:PORT",
	  "add: connect here instead of the hub's own host and port 443", &connect_to,
	  NULL, NULL },
	{ OPT_NUMBER, 0, "mqtt-port", "PORT", "add: for MQTT, instead of 8883",
	  &mqtt_port, &mqtt_given, NULL },
	{ OPT_NUMBER, 0, "amqp-port", "PORT", "add: for AMQP, instead of 5671",
	  &amqp_port, &amqp_given, NULL },
	{ OPT_TEXT, 0, "dps-connection-string-file", "FILE",
	  "add: the connection string of the provisioning service that assigns devices "
	  "to "
	  "it, from here; - is standard input",
	  &dps_file, NULL, "file" },
	{ OPT_TEXT, 0, "id-scope", "ID", "add: the id scope of that service", &id_scope,
	  NULL, NULL },
	{ OPT_FLAG, 0, "use", NULL, "add: and use it where no hub is named", &use, NULL,
	  NULL },
	{ OPT_FLAG, 0, "replace", NULL, "add: in place of one of the same name", &replace,
	  NULL, NULL },
	{ 0 },
};

/* -- add --------------------------------------------------------------------------- */

/* Typed, or pasted, without an echo. */
static int prompt(struct hub *hub)
{
	char text[4096];
	int status;

	if (!ask_secret("connection string: ", text, sizeof(text)))
		return usage_error("hub add: nobody is there to ask for the connection "
				   "string: give --connection-string-file");
	status = hub_parse_connstr(text, "the connection string", &hub->connstr);
	explicit_bzero(text, sizeof(text));
	return status;
}

static int from_file(const char *file, enum prov_connstr_kind kind,
		     struct prov_connstr *to)
{
	struct prov_secret *text = NULL;
	struct prov_error err;
	int status;

	if (prov_secret_from_file(file, &text, &err) < 0) {
		status = report_prov("hub add", &err);
		return err.code == PROV_ERR_FORMAT ? EXIT_USAGE : status;
	}
	status = hub_parse_connstr_of(kind, prov_secret_text(text),
				      strcmp(file, "-") ? clean(file) : "standard input",
				      to);
	prov_secret_free(text);
	return status;
}

/* A host alone: its rights come with the token that the command prints. */
static int from_host(struct hub *hub)
{
	size_t i, len = strlen(host);

	if (!token_command)
		return usage_error("hub add --host needs --token-command as well: a host "
				   "name is no key");
	for (i = 0; i < len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", host[i] | 0x20))
			break;
	if (i < len || len == 0 || len >= sizeof(hub->connstr.host))
		return usage_error("--host takes a host name alone, such as "
				   "myhub.azure-devices.net");
	hub->connstr.kind = PROV_CONNSTR_SERVICE;
	for (i = 0; i <= len; i++)
		hub->connstr.host[i] =
			(char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 'a' - 'A'
								: host[i]);
	return EXIT_DONE;
}

static int take_source(struct hub *hub)
{
	const char *variable = getenv("STMIOT_HUB_CONNECTION_STRING");

	if (host && connstr_file)
		return usage_error(
			"hub add: --host or --connection-string-file, not both");
	if (host)
		return from_host(hub);
	if (connstr_file)
		return from_file(connstr_file, PROV_CONNSTR_SERVICE, &hub->connstr);
	if (variable && *variable)
		return hub_parse_connstr(variable, "STMIOT_HUB_CONNECTION_STRING",
					 &hub->connstr);
	return prompt(hub);
}

static int take_ca(struct hub *hub)
{
	hub->ca_file = realpath(ca, NULL);
	if (hub->ca_file)
		return EXIT_DONE;
	complain("--ca %s: %s", clean(ca), strerror(errno));
	return EXIT_FAILED;
}

static int take_settings(struct hub *hub)
{
	if (mqtt_port > 65535 || amqp_port > 65535 || mqtt_given != (mqtt_port > 0) ||
	    amqp_given != (amqp_port > 0))
		return usage_error("a port is 1 to 65535");
	if (connect_to && !hub_address_fits(connect_to))
		return usage_error("--connect-to %s: not HOST:PORT", clean(connect_to));
	hub->ports.mqtt = (uint16_t)mqtt_port;
	hub->ports.amqp = (uint16_t)amqp_port;
	if (!hub_set(&hub->connect_to, connect_to) ||
	    !hub_set(&hub->token_command, token_command) ||
	    !hub_set(&hub->id_scope, id_scope)) {
		complain("hub add: no memory");
		return EXIT_FAILED;
	}
	return ca ? take_ca(hub) : EXIT_DONE;
}

static int save(const struct hub *hub)
{
	struct prov_error err;

	if (hubs_save(hub, replace, &err) < 0 ||
	    (use && hubs_set_default(hub->name, &err) < 0))
		return report_prov("hub add", &err);
	note("added the hub '%s', %s%s", hub->name, hub->connstr.host,
	     use ? ", which is used from now on where none is named" : "");
	return EXIT_DONE;
}

static int cmd_add(int argc, char **argv)
{
	struct hub hub = { 0 };
	int status;

	if (argc != 1)
		return usage_error(
			"hub add takes a name, and no more: the connection "
			"string is a secret, which comes from a file, standard "
			"input or a prompt");
	/* Not said back: it may be a connection string. */
	if (!hubs_name_fits(argv[0]))
		return usage_error(
			"hub add: a name has letters, digits, and '-_.' behind "
			"the first");
	snprintf(hub.name, sizeof(hub.name), "%s", argv[0]);
	status = take_settings(&hub);
	if (status == EXIT_DONE)
		status = take_source(&hub);
	if (status == EXIT_DONE && dps_file)
		status = from_file(dps_file, PROV_CONNSTR_DPS, &hub.dps);
	if (status == EXIT_DONE)
		status = save(&hub);
	hub_clear(&hub);
	return status;
}

/* -- list -------------------------------------------------------------------------- */

static const char *policy_of(const struct hub *hub)
{
	if (hub->token_command)
		return "(token command)";
	return hub->connstr.token ? "(token)" : hub->connstr.policy;
}

static void add_port(struct json *j, const char *key, uint16_t port)
{
	if (port)
		json_add_number(j, key, port);
	else
		json_add_text(j, key, NULL);
}

static struct json *hub_json(const struct hub *hub, bool standing)
{
	struct json *j = json_object();

	json_add_text(j, "name", hub->name);
	json_add_text(j, "host", hub->connstr.host);
	json_add_text(j, "policy", *hub->connstr.policy ? hub->connstr.policy : NULL);
	json_add_text(j, "token_command", hub->token_command);
	json_add_text(j, "ca_file", hub->ca_file);
	json_add_text(j, "connect_to", hub->connect_to);
	add_port(j, "mqtt_port", hub->ports.mqtt);
	add_port(j, "amqp_port", hub->ports.amqp);
	json_add_text(j, "dps_host", *hub->dps.host ? hub->dps.host : NULL);
	json_add_text(j, "id_scope", hub->id_scope);
	json_add_bool(j, "default", standing);
	json_add_text(j, "sim_dir", hub->sim_dir);
	return j;
}

static int list_one(const char *name, bool standing, struct json *list, struct table *t)
{
	struct prov_error err;
	struct hub hub;

	if (hubs_load(name, &hub, &err) < 0) {
		report_prov(NULL, &err);
		return EXIT_USAGE;
	}
	if (list)
		json_add(list, NULL, hub_json(&hub, standing));
	else
		table_row(t, (const char *const[]){ hub.name, hub.connstr.host,
						    policy_of(&hub), hub.connect_to,
						    standing ? "yes" : NULL });
	hub_clear(&hub);
	return EXIT_DONE;
}

static int cmd_list_hubs(int argc, char **argv)
{
	static const char *const heads[] = { "NAME", "HOST", "POLICY", "CONNECT TO",
					     "DEFAULT" };
	struct json *list = globals.json ? json_array() : NULL;
	struct table *table = NULL;
	char standing[HUB_NAME_MAX + 1], **names;
	struct prov_error err;
	int status = EXIT_DONE, printed = EXIT_DONE;
	size_t n, i;

	if (argc > 0)
		return usage_error("hub list takes no argument, not '%s'",
				   hubs_name_fits(argv[0]) ? argv[0] : "this");
	if (hubs_names(&names, &n, &err) < 0)
		return report_prov("hub list", &err);
	hubs_default(standing);
	if (!list && n > 0)
		table = table_new(5, heads);
	for (i = 0; i < n; i++)
		if (list_one(names[i], strcmp(names[i], standing) == 0, list, table) !=
		    EXIT_DONE)
			status = EXIT_USAGE;
	if (list)
		printed = json_print(list);
	else if (n > 0)
		printed = table_print(table);
	if (n == 0)
		note("no hub has a name yet; 'stmiot hub add NAME' gives it one");
	hubs_names_free(names, n);
	return status != EXIT_DONE ? status : printed;
}

/* -- use, remove ------------------------------------------------------------------- */

static int report_name(const struct prov_error *err)
{
	int status = report_prov(NULL, err);

	return err->code == PROV_ERR_FILE ? status : EXIT_USAGE;
}

static int cmd_use(int argc, char **argv)
{
	struct prov_error err;
	struct hub hub;

	if (argc != 1 || !hubs_name_fits(argv[0]))
		return usage_error("hub use takes the name of a hub");
	if (hubs_load(argv[0], &hub, &err) < 0)
		return report_name(&err);
	hub_clear(&hub);
	if (hubs_set_default(argv[0], &err) < 0)
		return report_name(&err);
	note("'%s' is used from now on where no hub is named", argv[0]);
	return EXIT_DONE;
}

static int cmd_remove(int argc, char **argv)
{
	char standing[HUB_NAME_MAX + 1];
	struct prov_error err;

	if (argc != 1 || !hubs_name_fits(argv[0]))
		return usage_error("hub remove takes the name of a hub");
	hubs_default(standing);
	if (hubs_remove(argv[0], &err) < 0 ||
	    (strcmp(standing, argv[0]) == 0 && hubs_set_default(NULL, &err) < 0))
		return report_name(&err);
	note("removed the name '%s' and its key from this machine", argv[0]);
	return EXIT_DONE;
}

int cmd_hub(int argc, char **argv)
{
	static const struct {
		const char *verb;
		int (*run)(int argc, char **argv);
	} verbs[] = {
		{ "add", cmd_add },
		{ "list", cmd_list_hubs },
		{ "use", cmd_use },
		{ "remove", cmd_remove },
	};
	size_t i;

	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[0], verbs[i].verb) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	return usage_error("hub: there is no verb '%s'", clean(argv[0]));
}
