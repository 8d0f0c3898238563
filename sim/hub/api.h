/* What the routes of route.c lead to. */
#ifndef HUB_API_H
#define HUB_API_H

#include "call.h"
#include "twin.h"

#define DEVICES_MAX 1000000 /* of a hub */

/* Identities: /devices/ID and /devices/ID/modules/ID */
void api_get_identity(struct call *call);
void api_put_identity(struct call *call);
void api_delete_identity(struct call *call);
void api_list_devices(struct call *call);
void api_list_modules(struct call *call);
void api_device_statistics(struct call *call);
void api_service_statistics(struct call *call);

/* Many at once */
void api_bulk(struct call *call);
void api_regenerate_keys(struct call *call);

/* Twins */
void api_get_twin(struct call *call);
void api_patch_twin(struct call *call);
void api_put_twin(struct call *call);
void api_query(struct call *call);

/* Cloud-to-device messages, and feedback */
void api_receive_message(struct call *call);
void api_complete_message(struct call *call);
void api_abandon_message(struct call *call);
void api_purge_commands(struct call *call);
void api_receive_feedback(struct call *call);
void api_complete_feedback(struct call *call);
void api_abandon_feedback(struct call *call);

/* What this hub does not do */
void api_not_served(struct call *call);
void api_no_jobs(struct call *call);

#endif
