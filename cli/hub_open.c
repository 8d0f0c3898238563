/* From a name to an open hub, and what libprov's errors mean to a script. */
#include "hubs.h"
#include "sys.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VARIABLE "STMIOT_HUB_CONNECTION_STRING"

/* -- errors ------------------------------------------------------------------------- */

static const struct {
	enum prov_err code;
	int status;
} statuses[] = {
	{ PROV_OK, EXIT_DONE },
	{ PROV_ERR_ARG, EXIT_USAGE },
	{ PROV_ERR_FORMAT, EXIT_BAD_DATA },
	{ PROV_ERR_ANSWER, EXIT_BAD_DATA },
	{ PROV_ERR_FILE, EXIT_FAILED },
	{ PROV_ERR_NOMEM, EXIT_FAILED },
	{ PROV_ERR_RIGHT, EXIT_DENIED },
	/* The service works and the command line is right: somebody else was first. */
	{ PROV_ERR_EXISTS, EXIT_FAILED },
	{ PROV_ERR_CHANGED, EXIT_FAILED },
	{ PROV_ERR_REFUSED, EXIT_FAILED },
};

int prov_exit_status(enum prov_err code)
{
	size_t i;

	if (code == PROV_ERR_CANCELLED)
		return interrupted ? 128 + interrupted : EXIT_FAILED;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].code == code)
			return statuses[i].status;
	return EXIT_SERVICE;
}

int report_prov(const char *where, const struct prov_error *err)
{
	char msg[sizeof(err->msg)], hint[sizeof(err->hint)];

	text_clean(msg, sizeof(msg), err->msg, true);
	text_clean(hint, sizeof(hint), err->hint, true);
	complain("%s%s%s%s%s", where ? clean(where) : "", where ? ": " : "", msg,
		 *hint ? "\n" : "", hint);
	if (*err->tracking_id && (globals.verbose > 0 || err->code == PROV_ERR_SERVICE))
		complain("tracking id, for Microsoft's support: %s",
			 clean(err->tracking_id));
	return prov_exit_status(err->code);
}

/* Of a hub's file: what is wrong with it is wrong with the environment. */
static int report_file(const struct prov_error *err)
{
	int status = report_prov(NULL, err);

	return err->code == PROV_ERR_FORMAT || err->code == PROV_ERR_NOTFOUND ? EXIT_USAGE
									      : status;
}

/* -- which hub ---------------------------------------------------------------------- */

static const char *const kinds[] = {
	[PROV_CONNSTR_SERVICE] = "a hub",
	[PROV_CONNSTR_DEVICE] = "a device",
	[PROV_CONNSTR_DPS] = "a provisioning service",
	[PROV_CONNSTR_EVENTHUB] = "an event hub",
};

static const char *const advice[] = {
	[PROV_CONNSTR_SERVICE] =
		"the portal shows a hub's own under 'Shared access policies'",
	[PROV_CONNSTR_DPS] =
		"the portal shows a provisioning service's own under 'Shared "
		"access policies'",
};

int hub_parse_connstr_of(enum prov_connstr_kind kind, const char *text,
			 const char *source, struct prov_connstr *out)
{
	struct prov_error err;

	if (prov_connstr_parse(text, out, &err) < 0) {
		report_prov(source, &err);
		return err.code == PROV_ERR_FORMAT ? EXIT_USAGE
						   : prov_exit_status(err.code);
	}
	if (out->kind == kind)
		return EXIT_DONE;
	complain("%s: this is the connection string of %s, not of %s\n%s", source,
		 kinds[out->kind], kinds[kind], advice[kind]);
	prov_connstr_clear(out);
	return EXIT_USAGE;
}

int hub_parse_connstr(const char *text, const char *source, struct prov_connstr *out)
{
	return hub_parse_connstr_of(PROV_CONNSTR_SERVICE, text, source, out);
}

static const char *variable(void)
{
	const char *text = getenv(VARIABLE);

	return text && *text ? text : NULL;
}

bool hubs_any(void)
{
	char name[HUB_NAME_MAX + 1];

	hubs_default(name);
	return globals.hub || variable() || *name;
}

static int no_hub(void)
{
	complain("no hub is named\n"
		 "'stmiot hub add NAME --use' keeps one, --hub NAME or " VARIABLE
		 " says it for once\n"
		 "'stmiot sim up' starts a local one, --hub local");
	return EXIT_USAGE;
}

static int no_such_name(const char *name)
{
	/* Whoever pastes a connection string here must not find it in a log. */
	if (!hubs_name_fits(name))
		return usage_error("--hub takes a hub's name: letters, digits, and '-_.' "
				   "behind the first");
	return EXIT_DONE;
}

int hubs_find(const char *name, struct hub *out)
{
	char standing[HUB_NAME_MAX + 1];
	struct prov_error err;

	memset(out, 0, sizeof(*out));
	if (!name)
		name = globals.hub;
	if (!name && variable())
		return hub_parse_connstr(variable(), VARIABLE, &out->connstr);
	if (!name) {
		hubs_default(standing);
		if (!*standing)
			return no_hub();
		name = standing;
	}
	if (no_such_name(name) != EXIT_DONE)
		return EXIT_USAGE;
	if (hubs_load(name, out, &err) < 0) {
		if (err.code == PROV_ERR_NOTFOUND && strcmp(name, "local") == 0)
			snprintf(err.hint, sizeof(err.hint),
				 "'stmiot sim up' starts the local hub and names it so");
		return report_file(&err);
	}
	return EXIT_DONE;
}

/* -- opening it --------------------------------------------------------------------- */

static void trace(void *ctx, const char *line)
{
	(void)ctx;
	debug("%s", clean(line));
}

static void waiting(void *ctx, unsigned ms, const char *why)
{
	(void)ctx;
	note("%s; waiting %u.%u s", clean(why), ms / 1000, ms / 100 % 10);
}

void hub_settings(const struct hub *hub, struct prov_hub_opts *out)
{
	*out = (struct prov_hub_opts){
		.ca_file = hub->ca_file,
		.connect_to = hub->connect_to,
		.user_agent = "stmiot/" STMIOT_VERSION,
		.timeout_ms = sys_timeout_ms(60000),
		.connect_ms = sys_timeout_ms(10000),
		.request_ms = sys_timeout_ms(30000),
		.no_retry = globals.no_retry,
		.cancel = &interrupted,
		.trace = globals.verbose > 0 ? trace : NULL,
		.waiting = waiting,
	};
}

int hub_open(const struct hub *hub, struct prov_hub **out)
{
	struct prov_hub_opts opts;
	struct prov_error err;

	hub_settings(hub, &opts);
	opts.token_command = hub->token_command;
	if (prov_hub_open(&hub->connstr, &opts, out, &err) < 0)
		return report_prov(*hub->name ? hub->name : NULL, &err);
	return EXIT_DONE;
}

int hubs_open(const char *name, struct prov_hub **out)
{
	struct hub hub;
	int status = hubs_find(name, &hub);

	if (status != EXIT_DONE)
		return status;
	status = hub_open(&hub, out);
	hub_clear(&hub);
	return status;
}

/* Beside its HTTPS, when that is elsewhere. */
static const char *beside(const struct hub *hub, uint16_t port, uint16_t usual, char *to,
			  size_t bytes)
{
	const char *colon = hub->connect_to ? strrchr(hub->connect_to, ':') : NULL;

	if (!hub->connect_to && !port)
		return NULL;
	snprintf(to, bytes, "%.*s:%u",
		 colon ? (int)(colon - hub->connect_to) : PROV_HOST_MAX,
		 colon ? hub->connect_to : hub->connstr.host, port ? port : usual);
	return to;
}

const char *hub_amqp(const struct hub *hub, char *to, size_t bytes)
{
	return beside(hub, hub->ports.amqp, 5671, to, bytes);
}

const char *hub_mqtt(const struct hub *hub, char *to, size_t bytes)
{
	return beside(hub, hub->ports.mqtt, 8883, to, bytes);
}
