/* The identity of a board that registers with the Device Provisioning Service. */
#include "provisioning.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* -- its key ------------------------------------------------------------------------------ */

static int derive_key(struct provisioning *p)
{
	struct prov_error err;

	prov_secret_free(p->key);
	p->key = NULL;
	if (prov_dps_derive_key(p->how->group_key, p->registration_id, &p->key, &err) < 0)
		return provision_report_prov(p, &err);
	return EXIT_DONE;
}

/* One that is there already is used as it is, if it has keys. */
static int ensure_enrollment(struct provisioning *p, struct prov_error *err)
{
	struct prov_enrollment e = { 0 };
	int rc;

	strcpy(e.id, p->registration_id);
	if (strcmp(p->device_id, p->registration_id) != 0)
		strcpy(e.device_id, p->device_id);
	rc = prov_enrollment_create(p->how->dps, &e, NULL, err);
	return rc == PROV_ERR_EXISTS ? 0 : rc;
}

/* Many boards may be enrolled at once, but a service belongs to one thread at a time. */
static int enroll(struct provisioning *p)
{
	static pthread_mutex_t asking = PTHREAD_MUTEX_INITIALIZER;
	struct prov_device *d = &p->device;
	struct prov_error err;
	int rc;

	prov_secret_free(d->primary_key);
	prov_secret_free(d->secondary_key);
	d->primary_key = d->secondary_key = NULL;
	pthread_mutex_lock(&asking);
	rc = ensure_enrollment(p, &err);
	if (rc == 0)
		rc = prov_enrollment_keys(p->how->dps, false, p->registration_id,
					  &d->primary_key, &d->secondary_key, &err);
	pthread_mutex_unlock(&asking);
	return rc < 0 ? provision_report_prov(p, &err) : provisioning_settle(p, NULL);
}

int provision_dps_key(struct provisioning *p)
{
	return p->how->dps ? enroll(p) : derive_key(p);
}

/* -- where it belongs to ------------------------------------------------------------------- */

int provision_dps_register(struct provisioning *p)
{
	const struct hub *way = p->how->registers;
	struct prov_dps_device device = { .id_scope = p->how->id_scope,
					  .registration_id = p->registration_id,
					  .key = p->key };
	struct prov_hub_opts opts;
	struct prov_error err;

	if (!way)
		return EXIT_DONE;
	if (way->connect_to && *way->dps.host)
		device.host = way->dps.host;
	if (p->has_x509) {
		device.key = NULL;
		device.x509 = &p->x509;
	}
	hub_settings(way, &opts);
	if (prov_dps_register(&device, &opts, &p->registration, &err) < 0)
		return provision_report_prov(p, &err);
	note("%s: '%s' is assigned to %s as '%s'", p->sight->name,
	     clean(p->registration_id), clean(p->registration.hub),
	     clean(p->registration.device_id));
	return EXIT_DONE;
}
