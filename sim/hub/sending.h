/*
 * What devices send by HTTPS: a request that is answered when its events are stored. All
 * under the hub's lock.
 */
#ifndef HUB_SENDING_H
#define HUB_SENDING_H

#include "call.h"

/* POST .../messages/events: one event, or many by BATCH_TYPE. */
#define BATCH_TYPE "application/vnd.microsoft.iothub.json"

void api_send_events(struct call *call);

/* Answers those whose events are stored. */
void sendings_tick(struct hub *hub);
/* The others are not: the hub ends. */
void sendings_close(struct hub *hub);

#endif
