/*
 * libprov, the Device Provisioning Service over HTTPS: the enrolments of a service, and
 * the registration of a device. prov.h includes this header, and has its conventions.
 *
 * Sources: [SERVICE] Microsoft's "IoT Hub Device Provisioning Service REST API", "Service",
 * api-version 2021-10-01; [DEVICE] the same, "Device" ("Runtime Registration").
 */
#ifndef PROV_DPS_H
#define PROV_DPS_H

#include "prov.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the devices of all services register, unless told otherwise. */
#define PROV_DPS_GLOBAL "global.azure-devices-provisioning.net"

/* -- what became of a device ----------------------------------------------------------- */

/* Strings are empty where the service is silent. */
struct prov_registration {
	char id[PROV_ID_MAX + 1];
	char status[24]; /* "assigned", "assigning", "unassigned", "failed", "disabled" */
	char substatus[32];          /* "initialAssignment", ... */
	char hub[PROV_HOST_MAX + 1]; /* that it was assigned to */
	char device_id[PROV_ID_MAX + 1];
	char error[200]; /* of one that failed */
	char updated[40];
	char etag[64];
};

/* -- enrolments [SERVICE] ---------------------------------------------------------------- */

enum prov_attest {
	PROV_ATTEST_KEYS, /* symmetric keys; of a group: what devices' keys derive from */
	PROV_ATTEST_X509, /* a certificate: the device's own, or the CA's of a group */
	PROV_ATTEST_CA,   /* the name of a CA certificate that the service has verified */
	PROV_ATTEST_OTHER /* a TPM, or what this version does not know */
};

/* "symmetricKey", "x509", "x509CA", "other" */
const char *prov_attest_name(enum prov_attest attest);

/*
 * Of one device, or of a group. Callers fill in `id`, `group`, `attest` and what they
 * have of keys or the certificate, `disabled`, `device_id` and `hub`; for empty keys the
 * service makes them.
 */
struct prov_enrollment {
	bool group;
	char id[PROV_ID_MAX + 1]; /* the registration id, or the group's name */
	char etag[64];
	enum prov_attest attest;
	bool disabled;
	/* 16 to 64 bytes; only prov_enrollment_keys() reads them. */
	struct prov_secret *primary_key, *secondary_key;
	char *certificate; /* PEM, or the CA's name; to free(); not in answers */
	char thumbprint[PROV_THUMBPRINT_MAX + 1]; /* of it, in answers */
	char device_id[PROV_ID_MAX + 1];          /* empty: the registration id */
	char hub[PROV_HOST_MAX + 1]; /* the only one it may go to; empty: any linked */
	char created[40], updated[40];
	struct prov_registration registration; /* of one device that registered */
};

/* Wipes and frees what it holds, not the struct itself. */
void prov_enrollment_clear(struct prov_enrollment *enrollment);

struct prov_dps;

/*
 * Nothing is sent yet. `connstr` is of PROV_CONNSTR_DPS, PROV_ERR_ARG otherwise; its
 * policy needs EnrollmentRead, EnrollmentWrite and RegistrationStatusRead. Requests are
 * signed, repeated and bounded as those to a hub.
 */
int prov_dps_open(const struct prov_connstr *connstr, const struct prov_hub_opts *opts,
		  struct prov_dps **out, struct prov_error *err);
void prov_dps_close(struct prov_dps *dps);
const char *prov_dps_host(const struct prov_dps *dps);

/*
 * PROV_ERR_EXISTS when the id is taken. When a request got no answer and its repeat finds
 * the id taken, it is fetched and judged: one of another kind or device is not ours.
 * `out` (may be NULL) gets the enrolment, without its keys; clear it.
 */
int prov_enrollment_create(struct prov_dps *dps, const struct prov_enrollment *enrollment,
			   struct prov_enrollment *out, struct prov_error *err);

int prov_enrollment_get(struct prov_dps *dps, bool group, const char *id,
			struct prov_enrollment *out, struct prov_error *err);

/* Its attestation mechanism: both keys. PROV_ERR_REFUSED when it has none. */
int prov_enrollment_keys(struct prov_dps *dps, bool group, const char *id,
			 struct prov_secret **primary, struct prov_secret **secondary,
			 struct prov_error *err);

/* What an update changes: what is NULL or false stays as it is. */
struct prov_enrollment_change {
	bool set_status;
	bool disabled;
	const char *device_id; /* of one device; "" is the registration id again */
	const struct prov_secret *primary_key, *secondary_key;
	const char *etag; /* it must still have this one, else PROV_ERR_CHANGED */
};

/*
 * Fetch, change, and send back all of it under its ETag, with both keys, which are asked
 * for: an update without them could lose them. Changed in between: PROV_ERR_CHANGED.
 */
int prov_enrollment_update(struct prov_dps *dps, bool group, const char *id,
			   const struct prov_enrollment_change *change,
			   struct prov_enrollment *out, struct prov_error *err);

/* With an `etag` only while it has it; NULL: in any case. */
int prov_enrollment_delete(struct prov_dps *dps, bool group, const char *id,
			   const char *etag, struct prov_error *err);

/* Not zero ends a list with PROV_ERR_CANCELLED. */
typedef int prov_each_enrollment(void *ctx, const struct prov_enrollment *enrollment);
typedef int prov_each_registration(void *ctx, const struct prov_registration *r);

/* All of one kind, page by page; `page` at a time, 0 is the service's own number. */
int prov_enrollment_list(struct prov_dps *dps, bool group, unsigned page,
			 prov_each_enrollment *each, void *ctx, struct prov_error *err);

/* What became of a device; PROV_ERR_NOTFOUND when it has never registered. */
int prov_registration_get(struct prov_dps *dps, const char *id,
			  struct prov_registration *out, struct prov_error *err);

/* Of all devices of a group that registered. */
int prov_registration_list(struct prov_dps *dps, const char *group, unsigned page,
			   prov_each_registration *each, void *ctx,
			   struct prov_error *err);

/* The service forgets it: the device may register anew. */
int prov_registration_delete(struct prov_dps *dps, const char *id,
			     struct prov_error *err);

/* -- a device registers [DEVICE] ----------------------------------------------------------- */

/* `key` (of a group's device: the derived one), or `x509`. */
struct prov_dps_device {
	const char *host; /* NULL: PROV_DPS_GLOBAL */
	const char *id_scope;
	const char *registration_id;
	const struct prov_secret *key;
	const struct prov_x509 *x509;
};

/*
 * Register it and ask, as often as the service says, until it is assigned to a hub; all
 * of it within `timeout_ms` of the options. PROV_ERR_KEY: there is no enrolment for it,
 * or not with this key or certificate. PROV_ERR_REFUSED: its enrolment is disabled.
 * PROV_ERR_SERVICE: it could not be assigned; `out->error` has the service's words then.
 */
int prov_dps_register(const struct prov_dps_device *device,
		      const struct prov_hub_opts *opts, struct prov_registration *out,
		      struct prov_error *err);

#ifdef __cplusplus
}
#endif
#endif
