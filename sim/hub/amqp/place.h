/*
 * What a link of AMQP is attached to. With a scheme and a host before it or without, with
 * a slash at its beginning or without; names of the hub's are case-insensitive, as the
 * SDKs differ in them, names that were given are not.
 */
#ifndef HUB_AMQP_PLACE_H
#define HUB_AMQP_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "device.h"

#define PLACE_ENTITY_MAX 260
#define PLACE_GROUP_MAX  50 /* of a consumer group, Event Hubs' */

enum place_kind {
	PLACE_UNKNOWN,
	PLACE_CBS,             /* $cbs */
	PLACE_MANAGEMENT,      /* $management, ENTITY/$management */
	PLACE_PARTITION,       /* ENTITY/ConsumerGroups/GROUP/Partitions/N */
	PLACE_EVENTS,          /* messages/events, or below: it is elsewhere */
	PLACE_DEVICEBOUND,     /* messages/devicebound */
	PLACE_FEEDBACK,        /* messages/serviceBound/feedback */
	PLACE_FILES,           /* messages/serviceBound/filenotifications */
	PLACE_DEVICE_EVENTS,   /* devices/ID[/modules/ID]/messages/events */
	PLACE_DEVICE_MESSAGES, /* devices/ID[/modules/ID]/messages/devicebound */
	PLACE_DEVICE_METHODS,  /* devices/ID[/modules/ID]/methods/devicebound */
	PLACE_DEVICE_TWIN,     /* devices/ID[/modules/ID]/twin */
	PLACE_KINDS
};

struct place {
	enum place_kind kind;
	/* What of these is in it; decoded. */
	char entity[PLACE_ENTITY_MAX + 1];
	char group[PLACE_GROUP_MAX + 1];
	char partition[12];
	char device[ID_MAX + 1];
	char module[ID_MAX + 1];
	const char *rest; /* of messages/events: what is behind it, from the slash on */
};

/* `rest` points into `text`. False: it is none of them. */
bool place_parse(struct place *place, const char *text);

/*
 * Splits sb://host:5671/path into host and path; without a scheme it begins with the host.
 * The path begins with a slash or is empty.
 */
const char *place_path(const char *uri, const char **host, size_t *host_len);

#endif
