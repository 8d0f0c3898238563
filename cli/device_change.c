/* What changes the registry: create, delete, enable, disable, rotate. */
#include "device.h"
#include "provisioning.h"

#include <stdio.h>
#include <string.h>

/* -- create ------------------------------------------------------------------------ */

bool parse_thumbprint(const char *text, char to[PROV_THUMBPRINT_MAX + 1])
{
	size_t n = 0;

	for (; *text; text++) {
		char c = *text;

		if (c == ':' && n > 0 && n % 2 == 0 && text[1])
			continue;
		if (c >= 'a' && c <= 'f')
			c = (char)(c - 'a' + 'A');
		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')) ||
		    n == PROV_THUMBPRINT_MAX)
			return false;
		to[n++] = c;
	}
	to[n] = '\0';
	return n == PROV_THUMBPRINT_MAX;
}

static const struct {
	const char *word;
	enum prov_auth auth;
} auths[] = {
	{ "sas", PROV_AUTH_SAS },
	{ "x509-selfsigned", PROV_AUTH_SELFSIGNED },
	{ "x509-ca", PROV_AUTH_CA },
	{ "none", PROV_AUTH_NONE },
};

static int take_thumbprints(struct prov_device *device)
{
	char *const to[] = { device->primary_thumbprint, device->secondary_thumbprint };
	const struct opt_list *given = &device_wishes.thumbprints;
	size_t i;

	if (device->auth != PROV_AUTH_SELFSIGNED && given->n > 0)
		return usage_error("--thumbprint belongs to --auth x509-selfsigned");
	if (device->auth == PROV_AUTH_SELFSIGNED && given->n == 0)
		return usage_error(
			"--auth x509-selfsigned needs the --thumbprint of its "
			"certificate: openssl x509 -noout -fingerprint -sha256");
	if (given->n > 2)
		return usage_error("a device has two thumbprints at most");
	for (i = 0; i < given->n; i++)
		if (!parse_thumbprint(given->items[i], to[i]))
			return usage_error("--thumbprint %s: not the 64 hex digits of a "
					   "SHA-256",
					   clean(given->items[i]));
	return EXIT_DONE;
}

static int describe(struct prov_device *device, const char *id)
{
	const char *reason = device_wishes.reason ? device_wishes.reason : "";
	size_t i;

	snprintf(device->id, sizeof(device->id), "%s", id);
	for (i = 0; i < sizeof(auths) / sizeof(auths[0]); i++)
		if (strcmp(auths[i].word, device_wishes.auth) == 0)
			device->auth = auths[i].auth;
	device->disabled = device_wishes.disabled;
	if ((size_t)snprintf(device->status_reason, sizeof(device->status_reason), "%s",
			     reason) >= sizeof(device->status_reason))
		return usage_error("--reason: %d characters at most", PROV_ID_MAX);
	return take_thumbprints(device);
}

int device_create(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_device device = { 0 }, made = { 0 };
	struct prov_error err;
	int status = describe(&device, argv[0]);

	(void)argc;
	if (status != EXIT_DONE)
		return status;
	if (prov_device_create(hub, &device, &made, &err) < 0)
		return report_prov("device create", &err);
	status = device_print(&made, device_wishes.show_keys);
	prov_device_clear(&made);
	return status;
}

/* -- delete ------------------------------------------------------------------------ */

int device_delete(struct prov_hub *hub, int argc, char **argv)
{
	struct prov_error err;

	(void)argc;
	if (!device_wishes.yes &&
	    !confirm("delete '%s' from %s, with its twin and its keys?", clean(argv[0]),
		     prov_hub_host(hub)))
		return EXIT_USAGE;
	if (prov_device_delete(hub, argv[0], NULL, &err) < 0)
		return report_prov("device delete", &err);
	note("deleted '%s' from %s", clean(argv[0]), prov_hub_host(hub));
	return EXIT_DONE;
}

/* -- enable, disable --------------------------------------------------------------- */

static int set_status(struct prov_hub *hub, const char *id, bool disabled)
{
	const char *reason = device_wishes.reason;
	struct prov_change change = {
		.set_status = true,
		.disabled = disabled,
		/* The reason of an older status would be wrong with the new one. */
		.status_reason = reason ? reason : "",
	};
	struct prov_device device = { 0 };
	struct prov_error err;
	int status = EXIT_DONE;

	if (strlen(change.status_reason) > PROV_ID_MAX)
		return usage_error("--reason: %d characters at most", PROV_ID_MAX);
	if (prov_device_update(hub, id, &change, &device, &err) < 0)
		return report_prov(disabled ? "device disable" : "device enable", &err);
	if (globals.json)
		status = device_print(&device, false);
	else
		note("'%s' is %s", clean(id), disabled ? "disabled" : "enabled");
	prov_device_clear(&device);
	return status;
}

int device_enable(struct prov_hub *hub, int argc, char **argv)
{
	(void)argc;
	return set_status(hub, argv[0], false);
}

int device_disable(struct prov_hub *hub, int argc, char **argv)
{
	(void)argc;
	return set_status(hub, argv[0], true);
}

/* -- rotate ------------------------------------------------------------------------ */

static int rotate_hub_only(struct prov_hub *hub, char **argv)
{
	const char *key = device_wishes.key;
	struct prov_device device = { 0 };
	struct prov_error err;
	int status = EXIT_DONE;

	if (!key)
		return usage_error(
			"device rotate --hub-only needs --key: the one that the "
			"device does not use");
	complain("'%s': a board that uses the %s key is locked out until it is given the "
		 "new one",
		 clean(argv[0]), key);
	if (!device_wishes.yes && !confirm("replace the %s key of '%s' at %s?", key,
					   clean(argv[0]), prov_hub_host(hub)))
		return EXIT_USAGE;
	if (prov_device_regenerate(hub, argv[0], strcmp(key, "secondary") == 0, &device,
				   &err) < 0)
		return report_prov("device rotate", &err);
	if (globals.json)
		status = device_print(&device, false);
	else
		note("'%s' has a new %s key; the other one is as it was", clean(argv[0]),
		     key);
	prov_device_clear(&device);
	return status;
}

int device_rotate(struct prov_hub *hub, int argc, char **argv)
{
	(void)argc;
	if (device_wishes.finish && device_wishes.hub_only)
		return usage_error(
			"device rotate takes --finish or --hub-only, not both");
	if (device_wishes.key && !device_wishes.hub_only)
		return usage_error("device rotate finds the key by itself; --key goes "
				   "with --hub-only");
	if (device_wishes.hub_only)
		return rotate_hub_only(hub, argv);
	return device_wishes.finish ? rotate_finish(hub, argv[0])
				    : rotate_on_board(hub, argv[0]);
}
