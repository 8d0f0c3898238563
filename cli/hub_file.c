/* One hub, and its file: a name and its value a line. */
#include "hubs.h"
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES 32768

int hub_fail(struct prov_error *err, enum prov_err code, const char *fmt, ...)
{
	struct prov_error unwanted;
	va_list ap;

	if (!err)
		err = &unwanted;
	memset(err, 0, sizeof(*err));
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return code;
}

/* -- one hub ------------------------------------------------------------------------ */

void hub_clear(struct hub *hub)
{
	prov_connstr_clear(&hub->connstr);
	free(hub->ca_file);
	free(hub->connect_to);
	free(hub->token_command);
	free(hub->sim_dir);
	free(hub->id_scope);
	prov_connstr_clear(&hub->dps);
	memset(hub, 0, sizeof(*hub));
}

bool hub_set(char **text, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	if (value && !copy)
		return false;
	free(*text);
	*text = copy;
	return true;
}

bool hubs_name_fits(const char *name)
{
	return sim_name_fits(name) && strlen(name) <= HUB_NAME_MAX;
}

static bool parse_port(const char *text, uint16_t *port)
{
	uint32_t number;

	if (text[strspn(text, "0123456789")] != '\0' || !parse_number(text, &number) ||
	    number < 1 || number > 65535)
		return false;
	*port = (uint16_t)number;
	return true;
}

bool hub_address_fits(const char *address)
{
	const char *colon = strrchr(address, ':'), *at;
	uint16_t port;

	if (!colon || colon == address || !parse_port(colon + 1, &port))
		return false;
	if (address[0] == '[')
		return colon > address + 2 && colon[-1] == ']';
	for (at = address; at < colon; at++)
		if (*at <= ' ' || *at == ':' || *at == '/' || *at == '@' || *at > '~')
			return false;
	return true;
}

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* -- what a file holds: a name and its value a line --------------------------------- */

static bool take_connstr(struct hub *hub, const char *value, struct prov_error *err)
{
	return prov_connstr_parse(value, &hub->connstr, err) == 0;
}

static bool take_host(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	hub->connstr.kind = PROV_CONNSTR_SERVICE;
	return (size_t)snprintf(hub->connstr.host, sizeof(hub->connstr.host), "%s",
				value) < sizeof(hub->connstr.host);
}

static bool take_text(char **to, const char *value)
{
	return *value && hub_set(to, value);
}

static bool take_ca(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	return take_text(&hub->ca_file, value);
}

static bool take_address(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	return hub_address_fits(value) && take_text(&hub->connect_to, value);
}

static bool take_command(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	return take_text(&hub->token_command, value);
}

static bool take_sim(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	return take_text(&hub->sim_dir, value);
}

static bool take_dps(struct hub *hub, const char *value, struct prov_error *err)
{
	return prov_connstr_parse(value, &hub->dps, err) == 0 &&
	       hub->dps.kind == PROV_CONNSTR_DPS;
}

static bool take_scope(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	return take_text(&hub->id_scope, value);
}

static bool take_mqtt(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	return parse_port(value, &hub->ports.mqtt);
}

static bool take_amqp(struct hub *hub, const char *value, struct prov_error *err)
{
	(void)err;
	return parse_port(value, &hub->ports.amqp);
}

static const struct field {
	const char *name;
	bool (*take)(struct hub *hub, const char *value, struct prov_error *err);
} fields[] = {
	{ "connection-string", take_connstr },
	{ "host", take_host },
	{ "ca-file", take_ca },
	{ "connect-to", take_address },
	{ "token-command", take_command },
	{ "sim-dir", take_sim },
	{ "mqtt-port", take_mqtt },
	{ "amqp-port", take_amqp },
	{ "dps-connection-string", take_dps },
	{ "id-scope", take_scope },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/* One line, with its value as a string of its own; `seen` has a bit a field. */
static int take_line(struct hub *hub, char *line, unsigned *seen, struct prov_error *err)
{
	char *value = strchr(line, ' ');
	size_t i, len = value ? (size_t)(value - line) : strlen(line);
	struct prov_error why = { 0 };

	for (i = 0; i < FIELDS; i++)
		if (strlen(fields[i].name) == len &&
		    memcmp(fields[i].name, line, len) == 0)
			break;
	if (i == FIELDS)
		return hub_fail(err, PROV_ERR_FORMAT,
				"a line begins with none of its names");
	if (!value)
		return hub_fail(err, PROV_ERR_FORMAT, "%s has no value", fields[i].name);
	if (*seen & 1u << i)
		return hub_fail(err, PROV_ERR_FORMAT, "%s is there twice",
				fields[i].name);
	*seen |= 1u << i;
	if (!is_plain(value) || !fields[i].take(hub, value + 1, &why))
		return hub_fail(err, PROV_ERR_FORMAT, "%s: %s", fields[i].name,
				*why.msg ? why.msg : "this cannot be");
	return 0;
}

static int take_lines(struct hub *hub, char *text, struct prov_error *err)
{
	char *line = text, *end;
	unsigned seen = 0, both = 3;

	for (; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			end = line + strlen(line);
		if (*end == '\0')
			end[1] = '\0';
		*end = '\0';
		if (*line && take_line(hub, line, &seen, err) < 0) {
			err->at = (size_t)(line - text);
			return err->code;
		}
	}
	if ((seen & both) == 0 || (seen & both) == both)
		return hub_fail(err, PROV_ERR_FORMAT,
				"one of connection-string and host must be there");
	return 0;
}

int hub_parse(const char *text, struct hub *out, struct prov_error *err)
{
	struct prov_error why = { 0 };
	struct hub hub = { 0 };
	/* One byte more than the end: take_lines() looks behind the last line. */
	size_t len = strlen(text);
	char *copy = calloc(1, len + 2);
	int rc;

	if (!copy)
		return hub_fail(err, PROV_ERR_NOMEM, "no memory for a hub's file");
	memcpy(copy, text, len);
	rc = take_lines(&hub, copy, &why);
	explicit_bzero(copy, len);
	free(copy);
	if (rc < 0) {
		hub_clear(&hub);
		if (err)
			*err = why;
		return rc;
	}
	*out = hub;
	return 0;
}

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t *at,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text + *at, FILE_BYTES - *at, fmt, ap);
	va_end(ap);
	if (n > 0)
		*at += (size_t)n < FILE_BYTES - *at ? (size_t)n : FILE_BYTES - *at - 1;
}

static void add_text(char *text, size_t *at, const char *name, const char *value)
{
	if (value)
		add(text, at, "%s %s\n", name, value);
}

/* A line's end in one of them would begin a line of its own. */
static bool all_plain(const struct hub *hub)
{
	const char *const texts[] = { hub->ca_file, hub->connect_to, hub->token_command,
				      hub->sim_dir, hub->id_scope };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] && !is_plain(texts[i]))
			return false;
	return true;
}

int hub_format(const struct hub *hub, struct prov_secret **out, struct prov_error *err)
{
	struct prov_secret *connstr = NULL, *dps = NULL;
	char *text = calloc(1, FILE_BYTES);
	size_t at = 0;
	int rc = 0;

	if (!text)
		return hub_fail(err, PROV_ERR_NOMEM, "no memory for a hub's file");
	if (!all_plain(hub))
		rc = hub_fail(
			err, PROV_ERR_ARG,
			"file names and commands of a hub have no control characters");
	else if (hub->connstr.key || hub->connstr.token)
		rc = prov_connstr_format(&hub->connstr, &connstr, err);
	if (rc == 0 && (hub->dps.key || hub->dps.token))
		rc = prov_connstr_format(&hub->dps, &dps, err);
	if (rc == 0) {
		if (connstr)
			add_text(text, &at, "connection-string",
				 prov_secret_text(connstr));
		else
			add_text(text, &at, "host", hub->connstr.host);
		add_text(text, &at, "ca-file", hub->ca_file);
		add_text(text, &at, "connect-to", hub->connect_to);
		add_text(text, &at, "token-command", hub->token_command);
		add_text(text, &at, "sim-dir", hub->sim_dir);
		if (hub->ports.mqtt)
			add(text, &at, "mqtt-port %u\n", hub->ports.mqtt);
		if (hub->ports.amqp)
			add(text, &at, "amqp-port %u\n", hub->ports.amqp);
		add_text(text, &at, "dps-connection-string",
			 dps ? prov_secret_text(dps) : NULL);
		add_text(text, &at, "id-scope", hub->id_scope);
		rc = at + 1 < FILE_BYTES
			     ? prov_secret_new(text, at, out, err)
			     : hub_fail(err, PROV_ERR_ARG, "a hub's file is too long");
	}
	prov_secret_free(connstr);
	prov_secret_free(dps);
	explicit_bzero(text, FILE_BYTES);
	free(text);
	return rc;
}
