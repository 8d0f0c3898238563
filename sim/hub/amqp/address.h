/*
 * What a link of AMQP is attached to. With a scheme and a host before it or without, with
 * a slash at its beginning or without; names of the hub's are case-insensitive, as the
 * SDKs differ in them, names that were given are not.
 */
#ifndef HUB_AMQP_ADDRESS_H
#define HUB_AMQP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "device.h"

#define ADDRESS_ENTITY_MAX 260
#define ADDRESS_GROUP_MAX  50 /* of a consumer group, Event Hubs' */

enum address_kind {
	ADDRESS_UNKNOWN,
	ADDRESS_CBS,             /* $cbs */
	ADDRESS_MANAGEMENT,      /* $management, ENTITY/$management */
	ADDRESS_PARTITION,       /* ENTITY/ConsumerGroups/GROUP/Partitions/N */
	ADDRESS_EVENTS,          /* messages/events, or below: it is elsewhere */
	ADDRESS_DEVICEBOUND,     /* messages/devicebound */
	ADDRESS_FEEDBACK,        /* messages/serviceBound/feedback */
	ADDRESS_FILES,           /* messages/serviceBound/filenotifications */
	ADDRESS_DEVICE_EVENTS,   /* devices/ID[/modules/ID]/messages/events */
	ADDRESS_DEVICE_MESSAGES, /* devices/ID[/modules/ID]/messages/devicebound */
	ADDRESS_DEVICE_METHODS,  /* devices/ID[/modules/ID]/methods/devicebound */
	ADDRESS_DEVICE_TWIN,     /* devices/ID[/modules/ID]/twin */
	ADDRESS_KINDS
};

struct address {
	enum address_kind kind;
	/* What of these is in it; decoded. */
	char entity[ADDRESS_ENTITY_MAX + 1];
	char group[ADDRESS_GROUP_MAX + 1];
	char partition[12];
	char device[ID_MAX + 1];
	char module[ID_MAX + 1];
	const char *rest; /* of messages/events: what is behind it, from the slash on */
};

/* `rest` points into `text`. False: it is none of them. */
bool address_parse(struct address *address, const char *text);

/*
 * Splits sb://host:5671/path into host and path; without a scheme it begins with the host.
 * The path begins with a slash or is empty.
 */
const char *address_path(const char *uri, const char **host, size_t *host_len);

#endif
