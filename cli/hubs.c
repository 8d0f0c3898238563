#include "hubs.h"
#include "sim.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX     ".hub"
#define FILE_BYTES 32768

__attribute__((format(printf, 3, 4))) static int
fail(struct prov_error *err, enum prov_err code, const char *fmt, ...)
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

__attribute__((format(printf, 2, 3))) static int hint(struct prov_error *err,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return err->code;
}

static int failed_in_file(const struct dfu_error *why, struct prov_error *err)
{
	fail(err, PROV_ERR_FILE, "%s", why->msg);
	return hint(err, "%s", why->hint);
}

/* -- one hub ------------------------------------------------------------------------ */

void hub_clear(struct hub *hub)
{
	prov_connstr_clear(&hub->connstr);
	free(hub->ca_file);
	free(hub->connect_to);
	free(hub->token_command);
	free(hub->sim_dir);
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
		return fail(err, PROV_ERR_FORMAT, "a line begins with none of its names");
	if (!value)
		return fail(err, PROV_ERR_FORMAT, "%s has no value", fields[i].name);
	if (*seen & 1u << i)
		return fail(err, PROV_ERR_FORMAT, "%s is there twice", fields[i].name);
	*seen |= 1u << i;
	if (!is_plain(value) || !fields[i].take(hub, value + 1, &why))
		return fail(err, PROV_ERR_FORMAT, "%s: %s", fields[i].name,
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
		return fail(err, PROV_ERR_FORMAT,
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
		return fail(err, PROV_ERR_NOMEM, "no memory for a hub's file");
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
				      hub->sim_dir };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i] && !is_plain(texts[i]))
			return false;
	return true;
}

int hub_format(const struct hub *hub, struct prov_secret **out, struct prov_error *err)
{
	struct prov_secret *connstr = NULL;
	char *text = calloc(1, FILE_BYTES);
	size_t at = 0;
	int rc = 0;

	if (!text)
		return fail(err, PROV_ERR_NOMEM, "no memory for a hub's file");
	if (!all_plain(hub))
		rc = fail(err, PROV_ERR_ARG,
			  "file names and commands of a hub have no control characters");
	else if (hub->connstr.key || hub->connstr.token)
		rc = prov_connstr_format(&hub->connstr, &connstr, err);
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
		rc = at + 1 < FILE_BYTES
			     ? prov_secret_new(text, at, out, err)
			     : fail(err, PROV_ERR_ARG, "a hub's file is too long");
	}
	prov_secret_free(connstr);
	explicit_bzero(text, FILE_BYTES);
	free(text);
	return rc;
}

/* -- the folder --------------------------------------------------------------------- */

static const char *folder(void)
{
	static char dir[2048];
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && config[0] == '/') {
		snprintf(dir, sizeof(dir), "%s/stmiot/hubs", config);
	} else {
		const struct passwd *pw = home && *home ? NULL : getpwuid(getuid());

		if (!home || !*home)
			home = pw ? pw->pw_dir : "/tmp";
		snprintf(dir, sizeof(dir), "%s/.config/stmiot/hubs", home);
	}
	return dir;
}

static bool path_of(const char *name, const char *suffix, char to[4096])
{
	return snprintf(to, 4096, "%s/%s%s", folder(), name, suffix) < 4096;
}

static int no_such_hub(const char *name, struct prov_error *err)
{
	fail(err, PROV_ERR_NOTFOUND, "there is no hub '%s'", name);
	return hint(err, "'stmiot hub list' shows them, 'stmiot hub add %s' makes one",
		    name);
}

static void warn_of_mode(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		complain("%s: others may read it, and it holds a key\nchmod 600 %s",
			 clean(path), clean(path));
}

int hubs_load(const char *name, struct hub *out, struct prov_error *err)
{
	struct prov_secret *text = NULL;
	struct prov_error why;
	char path[4096];
	int rc;

	if (!hubs_name_fits(name) || !path_of(name, SUFFIX, path) ||
	    access(path, F_OK) != 0)
		return no_such_hub(name, err);
	warn_of_mode(path);
	rc = prov_secret_from_file(path, &text, err);
	if (rc < 0)
		return rc;
	rc = hub_parse(prov_secret_text(text), out, &why);
	prov_secret_free(text);
	if (rc < 0) {
		fail(err, why.code, "%s: byte %zu: %s", path, why.at, why.msg);
		return hint(err, "remove the file, and add the hub again");
	}
	snprintf(out->name, sizeof(out->name), "%s", name);
	return 0;
}

int hubs_save(const struct hub *hub, bool replace, struct prov_error *err)
{
	struct prov_secret *text = NULL;
	struct dfu_error why;
	const uint8_t *bytes;
	char path[4096];
	size_t len;
	int rc;

	if (!hubs_name_fits(hub->name) || !path_of(hub->name, SUFFIX, path))
		return fail(
			err, PROV_ERR_ARG,
			"a hub's name has letters, digits, and '-_.' behind the first");
	if (!replace && access(path, F_OK) == 0) {
		fail(err, PROV_ERR_EXISTS, "there is a hub '%s' already", hub->name);
		return hint(err, "give --replace to put this one in its place");
	}
	if (sys_make_folder(folder(), 0700, &why) < 0)
		return failed_in_file(&why, err);
	rc = hub_format(hub, &text, err);
	if (rc < 0)
		return rc;
	bytes = prov_secret_bytes(text, &len);
	if (sys_write_file(path, bytes, len, 0600, &why) < 0)
		rc = failed_in_file(&why, err);
	prov_secret_free(text);
	return rc;
}

int hubs_remove(const char *name, struct prov_error *err)
{
	char path[4096];

	if (!hubs_name_fits(name) || !path_of(name, SUFFIX, path))
		return no_such_hub(name, err);
	if (unlink(path) == 0)
		return 0;
	if (errno == ENOENT)
		return no_such_hub(name, err);
	return fail(err, PROV_ERR_FILE, "%s: %s", path, strerror(errno));
}

static int is_hub(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name), suffix = strlen(SUFFIX);

	return entry->d_name[0] != '.' && len > suffix &&
	       strcmp(entry->d_name + len - suffix, SUFFIX) == 0;
}

int hubs_names(char ***out, size_t *n, struct prov_error *err)
{
	struct dirent **entries = NULL;
	int count = scandir(folder(), &entries, is_hub, versionsort), i, rc = 0;

	*out = NULL;
	*n = 0;
	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0)
		return fail(err, PROV_ERR_FILE, "%s: %s", folder(), strerror(errno));
	*out = calloc((size_t)count + 1, sizeof(**out));
	for (i = 0; i < count; i++) {
		size_t len = strlen(entries[i]->d_name) - strlen(SUFFIX);

		if (*out && rc == 0 && ((*out)[*n] = strndup(entries[i]->d_name, len)))
			++*n;
		else
			rc = fail(err, PROV_ERR_NOMEM, "no memory for the list of hubs");
		free(entries[i]);
	}
	free(entries);
	if (rc < 0) {
		hubs_names_free(*out, *n);
		*out = NULL;
		*n = 0;
	}
	return rc;
}

void hubs_names_free(char **names, size_t n)
{
	while (names && n > 0)
		free(names[--n]);
	free(names);
}

/* -- the default one: its name in a file -------------------------------------------- */

void hubs_default(char name[HUB_NAME_MAX + 1])
{
	char path[4096], *text;

	name[0] = '\0';
	text = path_of("default", "", path) ? sys_read_file(path, HUB_NAME_MAX + 1, NULL)
					    : NULL;
	if (text) {
		text[strcspn(text, "\n")] = '\0';
		if (hubs_name_fits(text))
			snprintf(name, HUB_NAME_MAX + 1, "%s", text);
	}
	free(text);
}

int hubs_set_default(const char *name, struct prov_error *err)
{
	char path[4096], line[HUB_NAME_MAX + 2];
	struct dfu_error why;

	if (!path_of("default", "", path))
		return fail(err, PROV_ERR_FILE, "%s: the path is too long", folder());
	if (!name) {
		if (unlink(path) < 0 && errno != ENOENT)
			return fail(err, PROV_ERR_FILE, "%s: %s", path, strerror(errno));
		return 0;
	}
	snprintf(line, sizeof(line), "%s\n", name);
	if (sys_make_folder(folder(), 0700, &why) < 0 ||
	    sys_write_file(path, line, strlen(line), 0600, &why) < 0)
		return failed_in_file(&why, err);
	return 0;
}
