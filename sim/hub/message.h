/*
 * A message of a device or for one: what the hub and the sender say about it, properties
 * and body. Packed into bytes it is kept by the store; only this machine reads them again.
 */
#ifndef HUB_MESSAGE_H
#define HUB_MESSAGE_H

#include "text.h"

/* Of the whole, "IoT Hub quotas and throttling": device-to-cloud, cloud-to-device. */
#define MESSAGE_D2C_MAX 262144
#define MESSAGE_C2D_MAX 65536

/* Their order is in the hub's files: new ones go to the end. */
enum message_text {
	/* said by the hub (iothub-connection-device-id and so on) */
	MESSAGE_DEVICE,
	MESSAGE_MODULE,
	MESSAGE_AUTH_METHOD, /* JSON */
	MESSAGE_GENERATION,
	MESSAGE_SOURCE, /* "Telemetry" */
	/* said by the sender: system properties */
	MESSAGE_ID,
	MESSAGE_CORRELATION_ID,
	MESSAGE_USER_ID,
	MESSAGE_TO,
	MESSAGE_CONTENT_TYPE,
	MESSAGE_CONTENT_ENCODING,
	MESSAGE_CREATED,
	MESSAGE_EXPIRES,
	MESSAGE_SCHEMA,  /* dt-dataschema */
	MESSAGE_SUBJECT, /* dt-subject */
	MESSAGE_INTERFACE,
	MESSAGE_TEXTS
};

/* One of the application's, in the order in which they came. */
struct message_property {
	const char *name;
	const char *value; /* NULL: a name alone */
};

struct message {
	const char *texts[MESSAGE_TEXTS]; /* NULL: not said */
	const struct message_property *properties;
	size_t property_count;
	const void *body;
	size_t body_len;
};

/* Memory for the properties of a message that was unpacked; starts out as zeros. */
struct message_room {
	struct message_property *at;
	size_t count;
};

/* What counts against the limits: the bytes of all that the sender said. */
size_t message_size(const struct message *message);

/* Appends it; text->failed when there is no memory. */
void message_pack(struct text *to, const struct message *message);

/*
 * The message then points into `bytes` and `room`. False: these are no packed message, or
 * there is no memory.
 */
bool message_unpack(struct message *message, struct message_room *room, const void *bytes,
		    size_t len);
void message_room_free(struct message_room *room);

#endif
