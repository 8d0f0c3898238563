/* The Device Provisioning Service by HTTPS: what its routes lead to. */
#ifndef HUB_DPS_ROUTES_H
#define HUB_DPS_ROUTES_H

#include "route.h"

/* Is the path one of this service? The hub has no such paths, whatever the host is. */
bool dps_takes(const struct call *call);
/* Its routes; errors look as the service's do from then on. */
const struct route *dps_routes(struct call *call, size_t *count);

/* A token of provisioningserviceowner; else the call is refused. */
bool dps_authorize(struct call *call, const char *header);

/* /enrollments and /enrollmentGroups: the path's first segment tells which */
bool api_is_group(const struct call *call);
void api_get_enrollment(struct call *call);
void api_put_enrollment(struct call *call);
void api_delete_enrollment(struct call *call);
void api_get_attestation(struct call *call);
void api_bulk_enrollments(struct call *call);

/* Lists */
void api_query_enrollments(struct call *call);
void api_query_registrations(struct call *call);

/* /registrations, of services */
void api_get_registration(struct call *call);
void api_delete_registration(struct call *call);

/* /SCOPE/registrations/ID, of devices */
void api_register(struct call *call);
void api_poll_registration(struct call *call);
void api_lookup_registration(struct call *call);

#endif
