/* What the registry knows: list, show, connection-string. */
#include "device.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The service writes the year 1 for never. */
static const char *when(const char *time)
{
	return *time && strncmp(time, "0001-", 5) != 0 ? time : NULL;
}

static const char *filled(const char *text)
{
	return *text ? text : NULL;
}

/* -- one device -------------------------------------------------------------------- */

void device_add_key(struct json *j, const char *name, const struct prov_secret *key)
{
	struct prov_secret *text = NULL;

	if (key && prov_secret_to_base64(key, &text, NULL) == 0)
		json_add_text(j, name, prov_secret_text(text));
	else
		json_add_text(j, name, NULL);
	prov_secret_free(text);
}

static struct json *device_json(const struct prov_device *d, bool keys)
{
	struct json *j = json_object();

	json_add_text(j, "id", d->id);
	json_add_text(j, "status", d->disabled ? "disabled" : "enabled");
	json_add_text(j, "status_reason", filled(d->status_reason));
	json_add_text(j, "status_time", when(d->status_time));
	json_add_text(j, "auth", prov_auth_name(d->auth));
	json_add_text(j, "primary_thumbprint", filled(d->primary_thumbprint));
	json_add_text(j, "secondary_thumbprint", filled(d->secondary_thumbprint));
	if (keys) {
		device_add_key(j, "primary_key", d->primary_key);
		device_add_key(j, "secondary_key", d->secondary_key);
	}
	json_add_bool(j, "connected", d->connected);
	json_add_text(j, "connection_time", when(d->connection_time));
	json_add_text(j, "activity_time", when(d->activity_time));
	json_add_number(j, "c2d_pending", (double)d->c2d_pending);
	json_add_bool(j, "edge", d->edge);
	json_add_text(j, "generation_id", filled(d->generation_id));
	json_add_text(j, "etag", filled(d->etag));
	return j;
}

void device_line(const char *name, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out("%-18s %s\n", name, clean(text));
}

void device_key_line(const char *name, const struct prov_secret *key, bool show)
{
	struct prov_secret *text = NULL;

	if (!key)
		return;
	if (!show)
		device_line(name, "(--show-keys shows it)");
	else if (prov_secret_to_base64(key, &text, NULL) == 0)
		out("%-18s %s\n", name, prov_secret_text(text));
	prov_secret_free(text);
}

static int print_text(const struct prov_device *d, bool keys)
{
	device_line("device", "%s", d->id);
	device_line("status", "%s%s%s%s", d->disabled ? "disabled" : "enabled",
		    *d->status_reason ? " (" : "", d->status_reason,
		    *d->status_reason ? ")" : "");
	device_line("authentication", "%s", prov_auth_name(d->auth));
	device_key_line("primary key", d->primary_key, keys);
	device_key_line("secondary key", d->secondary_key, keys);
	if (*d->primary_thumbprint)
		device_line("thumbprint", "%s", d->primary_thumbprint);
	if (*d->secondary_thumbprint)
		device_line("second thumbprint", "%s", d->secondary_thumbprint);
	device_line("connected", "%s%s%s", d->connected ? "yes" : "no",
		    when(d->connection_time) ? ", since " : "",
		    when(d->connection_time) ? d->connection_time : "");
	device_line("last activity", "%s",
		    when(d->activity_time) ? d->activity_time : "never");
	device_line("messages waiting", "%llu", (unsigned long long)d->c2d_pending);
	device_line("generation", "%s", d->generation_id);
	return EXIT_DONE;
}

int device_print(const struct prov_device *device, bool keys)
{
	return globals.json ? json_print(device_json(device, keys))
			    : print_text(device, keys);
}

int device_show(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_device device = { 0 };
	struct prov_error err;
	int status;

	(void)argc;
	if (prov_device_get(hub, argv[0], &device, &err) < 0)
		return report_prov("device show", &err);
	status = device_print(&device, device_wishes.show_keys);
	prov_device_clear(&device);
	return status;
}

/* -- all of them ------------------------------------------------------------------- */

struct listing {
	struct json *json;
	struct table *table;
	size_t n;
};

static int list_device(void *ctx, const struct prov_device *d)
{
	struct listing *listing = ctx;
	const char *cells[] = { d->id, d->disabled ? "disabled" : "enabled",
				prov_auth_name(d->auth), d->connected ? "yes" : "no",
				when(d->activity_time) };

	listing->n++;
	if (listing->json)
		json_add(listing->json, NULL, device_json(d, false));
	else
		table_row(listing->table, cells);
	return 0;
}

int device_list(struct prov_hub *hub, int argc, char **argv)
{
	static const char *const heads[] = { "DEVICE", "STATUS", "AUTH", "CONNECTED",
					     "LAST ACTIVITY" };
	struct listing listing = { 0 };
	struct prov_error err;
	int rc, status;

	(void)argc;
	(void)argv;
	if (globals.json)
		listing.json = json_array();
	else
		listing.table = table_new(5, heads);
	rc = prov_device_list(hub, device_wishes.where, list_device, &listing, &err);
	if (rc < 0) {
		json_free(listing.json);
		table_free(listing.table);
		return report_prov("device list", &err);
	}
	if (globals.json)
		return json_print(listing.json);
	if (listing.n > 0)
		return table_print(listing.table);
	table_free(listing.table);
	status = EXIT_DONE;
	note("%s has no device%s", prov_hub_host(hub),
	     device_wishes.where ? " of these"
				 : " yet; 'stmiot device create' makes one");
	return status;
}

/* -- the secret, asked for by name ------------------------------------------------- */

static int print_connection_string(const struct prov_secret *text)
{
	struct json *j;

	if (!globals.json) {
		out("%s\n", prov_secret_text(text));
		return EXIT_DONE;
	}
	j = json_object();
	json_add_text(j, "connection_string", prov_secret_text(text));
	return json_print(j);
}

int device_connection_string(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_device device = { 0 };
	struct prov_secret *text = NULL;
	struct prov_error err;
	int status, rc;

	(void)argc;
	if (!device_wishes.yes && !globals.json && isatty(STDOUT_FILENO) &&
	    !confirm("show the key of '%s' on this terminal?", clean(argv[0])))
		return EXIT_USAGE;
	rc = prov_device_get(hub, argv[0], &device, &err);
	if (rc == 0)
		rc = prov_device_connstr(hub, &device, device_wishes.secondary, &text,
					 &err);
	status = rc < 0 ? report_prov("device connection-string", &err)
			: print_connection_string(text);
	prov_secret_free(text);
	prov_device_clear(&device);
	return status;
}
