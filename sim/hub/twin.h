/* Twins: how they look, and what a change makes of them. */
#ifndef HUB_TWIN_H
#define HUB_TWIN_H

#include "device.h"

/* Of the compact JSON, without metadata. */
#define TWIN_PROPERTIES_MAX 32768
#define TWIN_TAGS_MAX       8192
#define TWIN_DEPTH_MAX      10

enum twin_change {
	TWIN_PATCH,  /* merged: null takes a member away */
	TWIN_REPLACE /* what is not said is gone */
};

/* The answer to GET /twins/ID. */
struct json *twin_json(const struct device *device);
/* What a device gets of it: desired and reported properties, without metadata. */
struct json *twin_for_device(const struct twin *twin);

/*
 * Changes tags and desired properties as the service side may; what it may not change is
 * passed over, so that a twin that was read can be sent back. NULL, or a sentence that
 * says what is wrong, and then the twin is as before.
 */
const char *twin_apply(struct twin *twin, const struct json *body, enum twin_change how,
		       int64_t now_ms);

/*
 * May a device that knows reported properties of this version, or any where it is -1, not
 * change them, because they have changed since?
 */
bool twin_is_stale(const struct twin *twin, int64_t version);
#define TWIN_STALE "The reported properties have another version."

/* Merges reported properties, as the device may. */
const char *twin_report(struct twin *twin, const struct json *patch, int64_t now_ms);

#endif
