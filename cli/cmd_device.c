/* The registry of a hub: options, and which verb takes what. */
#include "commands.h"
#include "device.h"

#include <string.h>

struct device_wishes device_wishes = { .auth = "sas" };

#define W device_wishes

const struct opt device_options[] = {
	{ OPT_TEXT, 0, "where", "CONDITION",
	  "list: only these, in the hub's query language: \"status = 'disabled'\"",
	  &W.where, NULL, NULL },
	{ OPT_FLAG, 0, "show-keys", NULL, "show, create, enroll, enrolled: with the keys",
	  &W.show_keys, NULL, NULL },
	{ OPT_CHOICE, 0, "auth", "sas|x509-selfsigned|x509-ca|none",
	  "create: how it proves who it is (default: sas, by keys that the hub makes)",
	  &W.auth, NULL, NULL },
	{ OPT_LIST, 0, "thumbprint", "HEX",
	  "create: the SHA-256 of its certificate; twice for a second one",
	  &W.thumbprints, NULL, NULL },
	{ OPT_FLAG, 0, "disabled", NULL, "create, enroll: not allowed to connect yet",
	  &W.disabled, NULL, NULL },
	{ OPT_TEXT, 0, "reason", "TEXT", "create, enable, disable: kept with the status",
	  &W.reason, NULL, NULL },
	{ OPT_CHOICE, 0, "key", "primary|secondary", "rotate: this key", &W.key, NULL,
	  NULL },
	{ OPT_FLAG, 0, "hub-only", NULL,
	  "rotate: at the hub alone; a board that uses this key is locked out",
	  &W.hub_only, NULL, NULL },
	{ OPT_FLAG, 0, "finish", NULL,
	  "rotate: the device has connected with the new key: replace the old one too",
	  &W.finish, NULL, NULL },
	{ OPT_TEXT, 0, "patch", "FILE|-|JSON",
	  "twin: merge this into tags and desired properties", &W.patch, NULL, "file" },
	{ OPT_TEXT, 0, "replace", "FILE|-|JSON",
	  "twin: put this in place of tags and desired properties", &W.replace, NULL,
	  "file" },
	{ OPT_TEXT, 0, "desired", "FILE|-|JSON",
	  "twin: merge this object into the desired properties", &W.desired, NULL,
	  "file" },
	{ OPT_LIST, 0, "tag", "KEY=VALUE",
	  "twin: set this tag to a text; without a value, remove it; may be given "
	  "several times",
	  &W.tags, NULL, NULL },
	{ OPT_FLAG, 0, "watch", NULL,
	  "twin: print what changes from now on, a line for each value", &W.watch, NULL,
	  NULL },
	{ OPT_TEXT, 0, "interval", "TIME",
	  "twin: --watch looks so often (default: every 2s)", &W.interval, NULL, NULL },
	{ OPT_NUMBER, 0, "count", "N", "twin: --watch ends after so many lines", &W.count,
	  &W.count_given, NULL },
	{ OPT_TEXT, 0, "timeout", "TIME",
	  "call, twin, send: wait so long for the answer, 5s to 300s (default: 30s); "
	  "--watch ends after it, and so does --wait (default: 60s)",
	  &W.timeout, NULL, NULL },
	{ OPT_TEXT, 0, "connect-timeout", "TIME",
	  "call: wait so long for the device to connect, to 300s (default: not at all)",
	  &W.connect_timeout, NULL, NULL },
	{ OPT_TEXT, 0, "group", "NAME",
	  "enroll, enrolled, unenroll: a group of devices in place of one", &W.group,
	  NULL, NULL },
	{ OPT_FLAG, 0, "groups", NULL, "enrolled: list the groups", &W.groups, NULL,
	  NULL },
	{ OPT_TEXT, 0, "certificate", "FILE",
	  "enroll: known by this certificate (PEM), or signed by it, in place of a key",
	  &W.certificate, NULL, "file" },
	{ OPT_TEXT, 0, "ca-name", "NAME",
	  "enroll: signed by this CA, which the service has verified", &W.ca_name, NULL,
	  NULL },
	{ OPT_TEXT, 0, "device-id", "ID",
	  "enroll: its id at the hub (default: the registration id)", &W.device_id, NULL,
	  NULL },
	{ OPT_TEXT, 0, "assign-to", "HOST",
	  "enroll: to this hub alone (default: any that is linked)", &W.assign_to, NULL,
	  NULL },
	{ OPT_FLAG, 0, "secondary", NULL, "connection-string: with the second key",
	  &W.secondary, NULL, NULL },
	{ OPT_FLAG, 0, "as-device", NULL,
	  "send: telemetry to the hub, as the device itself sends it, over MQTT",
	  &W.as_device, NULL, NULL },
	{ OPT_LIST, 0, "property", "NAME=VALUE",
	  "send: a property of the message; may be repeated", &W.properties, NULL, NULL },
	{ OPT_TEXT, 0, "content-type", "TYPE", "send: of the body, application/json",
	  &W.content_type, NULL, NULL },
	{ OPT_TEXT, 0, "content-encoding", "NAME", "send: of the body, utf-8",
	  &W.content_encoding, NULL, NULL },
	{ OPT_TEXT, 0, "message-id", "ID", "send: of the message", &W.message_id, NULL,
	  NULL },
	{ OPT_TEXT, 0, "correlation-id", "ID", "send: of the message", &W.correlation_id,
	  NULL, NULL },
	{ OPT_TEXT, 0, "connection-string-file", "FILE|-",
	  "send: the device's own, instead of a key that the hub tells",
	  &W.connection_string, NULL, "file" },
	{ OPT_TEXT, 0, "cert", "FILE", "send: the device's certificate (PEM)", &W.cert,
	  NULL, "file" },
	{ OPT_TEXT, 0, "private-key", "FILE", "send: the key of --cert (PEM)",
	  &W.private_key, NULL, "file" },
	{ OPT_TEXT, 0, "expiry", "TIME",
	  "send: it is dropped when the device has not taken it by then (default: the "
	  "hub's, 1h)",
	  &W.expiry, NULL, NULL },
	{ OPT_CHOICE, 0, "ack", "none|positive|negative|full",
	  "send: of which end the hub is to tell (default: none; full with --wait)",
	  &W.ack, NULL, NULL },
	{ OPT_FLAG, 0, "wait", NULL, "send: wait for that, and print it", &W.wait, NULL,
	  NULL },
	{ OPT_FLAG, 'y', "yes", NULL, "do not ask", &W.yes, NULL, NULL },
	{ 0 },
};

static const struct {
	const char *verb;
	int (*run)(struct prov_hub *hub, int argc, char **argv);
	int least, most; /* arguments; the first is a device id */
	const char *takes;
	bool modules; /* the first may be ID/MODULE, which the verb looks at itself */
	int (*enrolls)(struct prov_dps *dps, int argc, char **argv); /* instead of run */
} verbs[] = {
	{ "list", device_list, 0, 0, "no argument", false, NULL },
	{ "show", device_show, 1, 1, "a device id", false, NULL },
	{ "create", device_create, 1, 1, "a device id", false, NULL },
	{ "delete", device_delete, 1, 1, "a device id", false, NULL },
	{ "enable", device_enable, 1, 1, "a device id", false, NULL },
	{ "disable", device_disable, 1, 1, "a device id", false, NULL },
	{ "rotate", device_rotate, 1, 1, "a device id", false, NULL },
	{ "twin", device_twin, 1, 1, "a device id", false, NULL },
	{ "call", device_call, 2, 3, "a device id, a method and perhaps its payload",
	  true, NULL },
	{ "enroll", NULL, 0, 1, "a registration id, or --group", true, device_enroll },
	{ "enrolled", NULL, 0, 1, "a registration id, or --group", true,
	  device_enrolled },
	{ "unenroll", NULL, 0, 1, "a registration id, or --group", true,
	  device_unenroll },
	{ "purge", device_purge, 1, 1, "a device id", false, NULL },
	{ "connection-string", device_connection_string, 1, 1, "a device id", false,
	  NULL },
};

static int run_enrolling(size_t i, int argc, char **argv)
{
	struct prov_dps *dps = NULL;
	int status = dps_open(&dps);

	if (status != EXIT_DONE)
		return status;
	status = verbs[i].enrolls(dps, argc, argv);
	prov_dps_close(dps);
	return status;
}

static int run(size_t i, int argc, char **argv)
{
	struct prov_hub *hub = NULL;
	struct prov_error err;
	int status;

	if (argc < verbs[i].least || argc > verbs[i].most)
		return usage_error("device %s takes %s", verbs[i].verb, verbs[i].takes);
	if (argc > 0 && !verbs[i].modules && prov_device_id_check(argv[0], &err) < 0)
		return report_prov("device", &err);
	if (verbs[i].enrolls)
		return run_enrolling(i, argc, argv);
	status = hubs_open(NULL, &hub);
	if (status != EXIT_DONE)
		return status;
	status = verbs[i].run(hub, argc, argv);
	prov_hub_close(hub);
	return status;
}

int cmd_device(int argc, char **argv)
{
	size_t i;

	if (strcmp(argv[0], "send") == 0)
		return W.as_device ? device_send_telemetry(argc - 1, argv + 1)
				   : device_send(argc - 1, argv + 1);
	for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(argv[0], verbs[i].verb) == 0)
			return run(i, argc - 1, argv + 1);
	return usage_error("device: there is no verb '%s'", clean(argv[0]));
}
