/* A property bag, as it ends a topic: "name=value&name", percent-encoded ([MQTTHUB]). */
#ifndef PROV_BAG_H
#define PROV_BAG_H

#include "prov_device.h"

/* The most that bag_write needs, with the terminator. */
size_t bag_bytes(const struct prov_telemetry *t);

/* What a hub counts of a message: the body, and all names and values of the sender's, with the
 * values of those of the system ([LIMITS]). */
size_t bag_counted(const struct prov_telemetry *t);

/* The properties of a message, those of the system first. Returns the length. */
size_t bag_write(const struct prov_telemetry *t, char *to);

/* Encoded; `value` is NULL for a name alone. */
struct bag_pair {
	const char *name, *value;
	size_t name_len, value_len;
};

/* Take the next pair of the bag that ends at `end`; false when there is none. */
bool bag_next(const char **at, const char *end, struct bag_pair *pair);

#endif
