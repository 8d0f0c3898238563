/* The folder of hubs, and which of them is the default. */
#include "hubs.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".hub"

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
	hub_fail(err, PROV_ERR_FILE, "%s", why->msg);
	return hint(err, "%s", why->hint);
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
	hub_fail(err, PROV_ERR_NOTFOUND, "there is no hub '%s'", name);
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
		hub_fail(err, why.code, "%s: byte %zu: %s", path, why.at, why.msg);
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
		return hub_fail(
			err, PROV_ERR_ARG,
			"a hub's name has letters, digits, and '-_.' behind the first");
	if (!replace && access(path, F_OK) == 0) {
		hub_fail(err, PROV_ERR_EXISTS, "there is a hub '%s' already", hub->name);
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
	return hub_fail(err, PROV_ERR_FILE, "%s: %s", path, strerror(errno));
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
		return hub_fail(err, PROV_ERR_FILE, "%s: %s", folder(), strerror(errno));
	*out = calloc((size_t)count + 1, sizeof(**out));
	for (i = 0; i < count; i++) {
		size_t len = strlen(entries[i]->d_name) - strlen(SUFFIX);

		if (*out && rc == 0 && ((*out)[*n] = strndup(entries[i]->d_name, len)))
			++*n;
		else
			rc = hub_fail(err, PROV_ERR_NOMEM,
				      "no memory for the list of hubs");
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
		return hub_fail(err, PROV_ERR_FILE, "%s: the path is too long", folder());
	if (!name) {
		if (unlink(path) < 0 && errno != ENOENT)
			return hub_fail(err, PROV_ERR_FILE, "%s: %s", path,
					strerror(errno));
		return 0;
	}
	snprintf(line, sizeof(line), "%s\n", name);
	if (sys_make_folder(folder(), 0700, &why) < 0 ||
	    sys_write_file(path, line, strlen(line), 0600, &why) < 0)
		return failed_in_file(&why, err);
	return 0;
}
