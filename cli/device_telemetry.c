/* `device send --as-device`: telemetry, as the device itself would send it. */
#include "device.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct sending {
	struct prov_uplink *uplink;
	struct prov_telemetry telemetry;
	struct device_properties properties;
	uint64_t began_ms;
};

/* -- options ------------------------------------------------------------------------ */

static int check(int argc, char **argv)
{
	bool lines = argc == 2 && strcmp(argv[1], "-") == 0;

	if (argc < 1 || argc > 2)
		return usage_error("device send --as-device takes a device id, and "
				   "perhaps a body");
	if (lines && device_wishes.message_id)
		return usage_error("--message-id is one message's; '-' sends many");
	if (device_wishes.ack || device_wishes.expiry || device_wishes.wait ||
	    device_wishes.timeout)
		return usage_error(
			"--ack, --expiry, --wait and --timeout are of messages "
			"to a device, and do not go with --as-device");
	if (!device_wishes.cert != !device_wishes.private_key)
		return usage_error("--cert and --private-key go together");
	return EXIT_DONE;
}

/* -- connecting --------------------------------------------------------------------- */

static struct prov_uplink_opts options(const struct hub *hub, char *to, size_t bytes)
{
	struct prov_hub_opts set;

	hub_settings(hub, &set);
	return (struct prov_uplink_opts){
		.ca_file = set.ca_file,
		.connect_to = hub_mqtt(hub, to, bytes),
		.cert_file = device_wishes.cert,
		.key_file = device_wishes.private_key,
		.user_agent = set.user_agent,
		.connect_ms = set.connect_ms,
		.timeout_ms = set.timeout_ms,
		.no_retry = set.no_retry,
		.cancel = set.cancel,
		.trace = set.trace,
		.waiting = set.waiting,
	};
}

/* With the key of the registry. */
static int open_by_hub(const char *id, const struct hub *hub, struct sending *s)
{
	char to[HUB_ADDRESS_MAX];
	struct prov_uplink_opts opts = options(hub, to, sizeof(to));
	struct prov_hub *service = NULL;
	struct prov_error err;
	int status = hub_open(hub, &service);

	if (status != EXIT_DONE)
		return status;
	if (prov_uplink_open_by(service, id, &opts, &s->uplink, &err) < 0)
		status = report_prov("device send", &err);
	prov_hub_close(service);
	return status;
}

/* The CA and the ports of a hub that is known by a name, if it is this one. */
static void find_ways(const struct prov_connstr *device, struct hub *hub)
{
	struct hub known;

	if (!hubs_any() || hubs_find(NULL, &known) != EXIT_DONE)
		return;
	if (strcmp(known.connstr.host, device->host) == 0)
		*hub = known;
	else
		hub_clear(&known);
}

static int open_by_string(const char *id, const struct prov_connstr *device,
			  struct sending *s)
{
	char to[HUB_ADDRESS_MAX];
	struct prov_uplink_opts opts;
	struct hub hub = { .name = "" };
	struct prov_error err;
	int status = EXIT_DONE;

	if (device->kind != PROV_CONNSTR_DEVICE || strcmp(device->device_id, id) != 0)
		return usage_error("%s: not the connection string of the device '%s'",
				   clean(device_wishes.connection_string), clean(id));
	find_ways(device, &hub);
	opts = options(&hub, to, sizeof(to));
	if (prov_uplink_open(device, &opts, &s->uplink, &err) < 0)
		status = report_prov("device send", &err);
	hub_clear(&hub);
	return status;
}

/* With a key that is given. */
static int open_by_file(const char *id, struct sending *s)
{
	const char *file = device_wishes.connection_string;
	struct prov_connstr device;
	struct prov_secret *text = NULL;
	struct prov_error err;
	int status;

	if (prov_secret_from_file(file, &text, &err) < 0)
		return report_prov("device send", &err);
	if (prov_connstr_parse(prov_secret_text(text), &device, &err) < 0) {
		status = report_prov(file, &err);
	} else {
		status = open_by_string(id, &device, s);
		prov_connstr_clear(&device);
	}
	prov_secret_free(text);
	return status;
}

static int open_uplink(const char *id, struct sending *s)
{
	struct hub hub;
	int status;

	if (device_wishes.connection_string)
		return open_by_file(id, s);
	status = hubs_find(NULL, &hub);
	if (status != EXIT_DONE)
		return status;
	status = open_by_hub(id, &hub, s);
	hub_clear(&hub);
	return status;
}

/* -- sending ------------------------------------------------------------------------ */

static int send_one(struct sending *s, const char *body, size_t len)
{
	struct prov_error err;

	s->telemetry.body = body;
	s->telemetry.len = len;
	if (prov_uplink_send(s->uplink, &s->telemetry, NULL, &err) < 0) {
		int status = report_prov("device send", &err);

		return err.code == PROV_ERR_ARG ? EXIT_BAD_DATA : status;
	}
	return EXIT_DONE;
}

static int on_line(void *ctx, const char *line, size_t len)
{
	return send_one(ctx, line, len);
}

/* The connection is looked after. */
static int on_idle(void *ctx)
{
	struct sending *s = ctx;
	struct prov_error err;

	return prov_uplink_wait(s->uplink, 0, &err) < 0 ? report_prov("device send", &err)
							: EXIT_DONE;
}

/* -- what came of it ---------------------------------------------------------------- */

static int summarize(const struct sending *s, const char *id)
{
	double seconds = (double)(now_ms() - s->began_ms) / 1000;
	struct prov_uplink_stats stats;
	struct json *j;

	prov_uplink_stats(s->uplink, &stats);
	if (!globals.json) {
		note("'%s' sent %llu message%s", clean(id),
		     (unsigned long long)stats.taken, stats.taken == 1 ? "" : "s");
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "id", id);
	json_add_number(j, "sent", (double)stats.taken);
	json_add_number(j, "pending", (double)prov_uplink_pending(s->uplink));
	json_add_number(j, "repeats", (double)stats.again);
	json_add_number(j, "connections", (double)stats.connections);
	json_add_number(j, "seconds", seconds);
	return json_print(j);
}

/* What is on its way may get through although the input was bad. */
static int finish(struct sending *s, int status)
{
	struct prov_error err;

	if (status != EXIT_DONE && status != EXIT_BAD_DATA)
		return status;
	if (prov_uplink_wait(s->uplink, UINT_MAX, &err) < 0)
		return report_prov("device send", &err);
	return status;
}

static int send_all(struct sending *s, int argc, char **argv)
{
	const struct device_lines lines = { PROV_TELEMETRY_MAX, on_line, on_idle, s };
	int status, told;

	if (argc == 2 && strcmp(argv[1], "-") == 0)
		status = device_read_lines(&lines);
	else
		status = send_one(s, argc == 2 ? argv[1] : "",
				  argc == 2 ? strlen(argv[1]) : 0);
	status = finish(s, status);
	told = status == EXIT_DONE || globals.json ? summarize(s, argv[0]) : EXIT_DONE;
	return status != EXIT_DONE ? status : told;
}

int device_send_telemetry(int argc, char **argv)
{
	struct sending s = { .began_ms = now_ms() };
	struct prov_error err;
	int status = check(argc, argv);

	if (status != EXIT_DONE)
		return status;
	if (prov_device_id_check(argv[0], &err) < 0)
		return report_prov("device", &err);
	s.telemetry.message_id = device_wishes.message_id;
	s.telemetry.correlation_id = device_wishes.correlation_id;
	s.telemetry.content_type = device_wishes.content_type;
	s.telemetry.content_encoding = device_wishes.content_encoding;
	status = device_take_properties(&s.properties);
	s.telemetry.properties = s.properties.at;
	s.telemetry.n_properties = s.properties.n;
	if (status == EXIT_DONE)
		status = open_uplink(argv[0], &s);
	if (status == EXIT_DONE)
		status = send_all(&s, argc, argv);
	prov_uplink_close(s.uplink);
	free(s.properties.names);
	return status;
}
