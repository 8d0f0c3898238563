#include "error.h"

#include <string.h>

void prov_device_clear(struct prov_device *device)
{
	prov_secret_free(device->primary_key);
	prov_secret_free(device->secondary_key);
	memset(device, 0, sizeof(*device));
}

int prov_device_connstr(const struct prov_hub *hub, const struct prov_device *device,
			bool secondary, struct prov_secret **out, struct prov_error *err)
{
	struct prov_connstr cs = { .kind = PROV_CONNSTR_DEVICE };

	strcpy(cs.host, prov_hub_host(hub));
	memcpy(cs.device_id, device->id, sizeof(cs.device_id));
	if (device->auth == PROV_AUTH_SAS)
		cs.key = secondary ? device->secondary_key : device->primary_key;
	else
		cs.x509 = true;
	if (!cs.key && !cs.x509)
		return fail(err, PROV_ERR_ARG, "the device \"%s\" shows no key",
			    device->id);
	return prov_connstr_format(&cs, out, err);
}
