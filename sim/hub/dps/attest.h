/* Is a device that registers one that an enrolment lets in? */
#ifndef HUB_DPS_ATTEST_H
#define HUB_DPS_ATTEST_H

#include "dps/dps.h"
#include "sas.h"

struct attested {
	struct enrollment enrollment;
	/* What it is known by at the hub: keys, or thumbprints. */
	enum auth auth;
	char primary[SECRET_MAX + 1];
	char secondary[SECRET_MAX + 1];
};

/*
 * An enrolment of its own goes before one of a group. Whether that is enabled is not
 * asked. ERROR_NONE, or what is wrong and `why`, and then there is nothing to free.
 */
enum error attest(const struct hub *hub, const struct dps_client *client,
		  struct attested *attested, char *why, size_t why_bytes);

/* Wipes it. */
void attested_free(struct attested *attested);

/* The part of it that needs no enrolment. */
enum error attest_shown(const struct hub *hub, const struct dps_client *client,
			struct sas *sas, char *why, size_t why_bytes);

#endif
