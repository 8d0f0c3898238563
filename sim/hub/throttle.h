/*
 * Throttles by tier (Microsoft's "IoT Hub quotas and throttling", per unit; one unit
 * here). Each is a bucket that holds as much as a burst may have and is filled evenly.
 * What finds it empty waits in a queue, and is refused when the queue is longer than
 * that. How long bursts and queues are the documents do not say.
 */
#ifndef HUB_THROTTLE_H
#define HUB_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

enum throttle_kind {
	THROTTLE_NONE,
	THROTTLE_REGISTRY,
	THROTTLE_QUERY,
	THROTTLE_TWIN_READ,
	THROTTLE_TWIN_UPDATE,
	THROTTLE_METHOD,
	THROTTLE_CONNECT, /* of devices */
	THROTTLE_D2C,
	THROTTLE_C2D,
	THROTTLE_PROVISIONING, /* of the Device Provisioning Service, whatever the tier */
	THROTTLE_REGISTRATION,
	THROTTLES
};

#define THROTTLE_QUEUE_MS 10000

struct throttle {
	double per_ms[THROTTLES]; /* 0: as much as one wants */
	double burst[THROTTLES];
	double level[THROTTLES]; /* below zero: that many are in the queue */
	int64_t filled_ms[THROTTLES];
	bool basic; /* a tier without twins and methods */
};

/* False: there is no such tier. They are free (F1), B1 to B3 and S1 to S3. */
bool throttle_init(struct throttle *throttle, const char *tier, int64_t now_ms);

/* Does the tier have the operation at all? */
bool throttle_allows(const struct throttle *throttle, enum throttle_kind kind);

/*
 * `count` more: for how long it has to wait, 0 included. -1: it is refused, and `*retry_s`
 * is when to try again.
 */
int64_t throttle_take(struct throttle *throttle, enum throttle_kind kind, unsigned count,
		      int64_t now_ms, int *retry_s);

/* "Operation type", as the refusal names it */
const char *throttle_name(enum throttle_kind kind);

#endif
