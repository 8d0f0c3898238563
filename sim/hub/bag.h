/*
 * The property bag that ends an MQTT topic: key=value&key=value, percent-encoded. A key
 * without = has no value, which is not the empty one. "Send and receive messages with
 * MQTT", and what the SDKs put on the wire.
 */
#ifndef HUB_BAG_H
#define HUB_BAG_H

#include <stddef.h>

#include "text.h"

#define BAG_MAX 512 /* properties; the real hub names no number */

/* What a property is to the hub, by its key. */
enum bag_system {
	BAG_APPLICATION, /* nothing: it is the application's */
	BAG_MESSAGE_ID,
	BAG_CORRELATION_ID,
	BAG_USER_ID,
	BAG_TO,
	BAG_EXPIRY,
	BAG_CONTENT_TYPE,
	BAG_CONTENT_ENCODING,
	BAG_SUBJECT, /* the component, in IoT Plug and Play */
	BAG_OUTPUT_NAME,
	BAG_INTERFACE_ID,
	BAG_CREATION_TIME,
	BAG_SYSTEMS
};

struct bag_property {
	enum bag_system system;
	const char *key;   /* decoded, with the $. of the system's; not empty */
	const char *value; /* decoded; NULL: it has none */
};

struct bag {
	struct bag_property *list;
	size_t count;
	char *bytes;
};

/*
 * Reads a bag. Of a key that is there twice the last counts. NULL, or what is wrong with
 * it; then there is nothing to free. The bag points into memory of its own.
 */
const char *bag_parse(struct bag *bag, const char *from, size_t len);
void bag_free(struct bag *bag);

/* The property of the system, NULL when it is not there. */
const struct bag_property *bag_find(const struct bag *bag, enum bag_system system);

/* "$.mid"; NULL for the application's. */
const char *bag_key(enum bag_system system);

/* Writes properties as the hub sends them; the key counts, not `system`. */
void bag_write(struct text *to, const struct bag_property *list, size_t count);

#endif
