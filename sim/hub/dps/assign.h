/* Makes a device that an enrolment lets in known at the hub. */
#ifndef HUB_DPS_ASSIGN_H
#define HUB_DPS_ASSIGN_H

#include "dps/attest.h"

/*
 * The device is made or changed, and the registration kept, together. It may have failed
 * for a reason of the enrolment's, and says so then. 0, or -1: the store fails.
 */
int assign(struct hub *hub, const struct dps_client *client,
	   const struct attested *attested, struct registration *registration);

#endif
