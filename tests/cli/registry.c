#include "registry.h"

#include "fault.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct {
	const char *folder;
	struct prov_hub *hub;
} registry;

void registry_open(const char *folder)
{
	char path[256], ca[256], address[32];
	struct prov_hub_opts opts = { .ca_file = ca, .connect_to = address };
	struct prov_secret *text = NULL;
	struct prov_connstr connstr;
	struct prov_error err;

	registry.folder = folder;
	snprintf(path, sizeof(path), "%s/policies/iothubowner", folder);
	snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
	snprintf(address, sizeof(address), "127.0.0.1:%u",
		 control_number(control_ask(folder, "\"status\""), "\"https\":"));
	if (prov_secret_from_file(path, &text, &err) < 0 ||
	    prov_connstr_parse(prov_secret_text(text), &connstr, &err) < 0 ||
	    prov_hub_open(&connstr, &opts, &registry.hub, &err) < 0)
		die("%s: %s", path, err.msg);
	prov_connstr_clear(&connstr);
	prov_secret_free(text);
}

unsigned registry_count(void)
{
	return control_number(control_ask(registry.folder, "\"status\""), "\"devices\":");
}

static void keep(const struct prov_secret *key)
{
	struct prov_secret *text = NULL;
	int fd = open("keys.seen", O_WRONLY | O_CREAT | O_APPEND, 0600);

	if (key && prov_secret_to_base64(key, &text, NULL) == 0)
		dprintf(fd, "%s\n", prov_secret_text(text));
	prov_secret_free(text);
	close(fd);
}

bool registry_get(const char *id, struct prov_device *out)
{
	struct prov_error err;
	int rc = prov_device_get(registry.hub, id, out, &err);

	if (rc == PROV_ERR_NOTFOUND)
		return false;
	if (rc < 0)
		die("%s: %s", id, err.msg);
	keep(out->primary_key);
	keep(out->secondary_key);
	return true;
}

void registry_create(const char *id, enum prov_auth auth)
{
	struct prov_device device = { .auth = auth };
	struct prov_error err;

	snprintf(device.id, sizeof(device.id), "%s", id);
	if (auth == PROV_AUTH_SELFSIGNED)
		memcpy(device.primary_thumbprint, STRANGER, sizeof(STRANGER));
	if (prov_device_create(registry.hub, &device, NULL, &err) < 0)
		die("%s: %s", id, err.msg);
}

static bool same_key(const struct prov_secret *a, const struct prov_secret *b)
{
	return a && b ? prov_secret_equal(a, b) : a == b;
}

bool registry_same(const struct prov_device *a, const struct prov_device *b)
{
	return strcmp(a->generation_id, b->generation_id) == 0 && a->auth == b->auth &&
	       same_key(a->primary_key, b->primary_key) &&
	       same_key(a->secondary_key, b->secondary_key);
}

bool registry_has_thumbprint(const struct prov_device *device, const char *thumbprint)
{
	return strcasecmp(device->primary_thumbprint, thumbprint) == 0 ||
	       strcasecmp(device->secondary_thumbprint, thumbprint) == 0;
}
