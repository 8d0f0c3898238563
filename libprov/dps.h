/* Requests to a provisioning service, and what goes into and comes out of them. */
#ifndef PROV_INT_DPS_H
#define PROV_INT_DPS_H

#include "doc.h"
#include "hub.h"

struct prov_dps {
	struct prov_hub *hub;
};

#define DPS_SERVICE_API "2021-10-01"
#define DPS_DEVICE_API  "2019-03-31"

/* What a request is about, for its words. */
enum dps_what { DPS_ENROLLMENT, DPS_GROUP, DPS_REGISTRATION };

/* "/enrollments/ID/TAIL?api-version=..."; the id percent-encoded. */
void dps_target(struct flow *f, const char *method, const char *folder, const char *id,
		const char *tail, const char *api);

/* Make the request; a refusal in the words of this service. */
int dps_do(struct prov_dps *dps, struct flow *f, enum dps_what what, const char *id,
	   struct prov_error *err);

int dps_check_id(bool group, const char *id, struct prov_error *err);

/* -- JSON ------------------------------------------------------------------------------ */

int dps_make_enrollment(const struct prov_enrollment *e, struct prov_secret **out,
			struct prov_error *err);
int dps_read_enrollment(const char *text, bool group, struct prov_enrollment *out,
			struct prov_error *err);
int dps_read_keys(const char *text, struct prov_secret **primary,
		  struct prov_secret **secondary, struct prov_error *err);

/*
 * The enrolment `text` changed, with the keys; NULL keys stay out, for one that has none.
 */
int dps_change_enrollment(const char *text, const struct prov_enrollment_change *change,
			  const struct prov_secret *primary,
			  const struct prov_secret *secondary, struct prov_secret **out,
			  struct prov_error *err);

void dps_read_registration(const struct doc *doc, struct prov_registration *out);
int dps_read_registration_text(const char *text, struct prov_registration *out,
			       struct prov_error *err);

#endif
