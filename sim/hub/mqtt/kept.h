/*
 * The sessions of MQTT that are kept while their device is away, in the store's file: what
 * it has subscribed to, and which cloud-to-device messages it has not acknowledged. They
 * end with the device. `device` is the row of the device or module in the store.
 *
 * Calls return 1 (done, found), 0 (there is none) or -1 (the database fails).
 */
#ifndef HUB_MQTT_KEPT_H
#define HUB_MQTT_KEPT_H

#include "c2d.h"
#include "mqtt/session.h"

struct kept;

struct kept *kept_open(struct store *store, char *err, size_t err_bytes);
void kept_close(struct kept *kept);

/* Begins a session where there is none yet: 1 then, and 0 when there is one. */
int kept_begin(struct kept *kept, int64_t device);
int kept_forget(struct kept *kept, int64_t device);

/* `qos` by kind of topic, -1: not subscribed. */
int kept_granted(struct kept *kept, int64_t device, int qos[TOPIC_KINDS]);
/* Of a device that has a session; a `qos` of -1 takes the subscription away. */
int kept_subscribe(struct kept *kept, int64_t device, enum topic_kind kind, int qos);

/* A message on its way, by its packet identifier and the lock that it is under. */
struct kept_flight {
	uint16_t packet;
	char lock[LOCK_TEXT];
};

/* The number of them goes to `*count`, in the order in which they were sent. */
int kept_flights(struct kept *kept, int64_t device,
		 struct kept_flight list[SESSION_FLIGHT_MAX], size_t *count);
int kept_fly(struct kept *kept, int64_t device, const struct kept_flight *flight);
int kept_land(struct kept *kept, int64_t device, uint16_t packet);

#endif
