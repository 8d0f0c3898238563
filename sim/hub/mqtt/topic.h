/*
 * The topics that IoT Hub and DPS know: they are no broker, and there are no others.
 * "Communicate with your IoT hub using the MQTT protocol", and for DPS the same.
 */
#ifndef HUB_MQTT_TOPIC_H
#define HUB_MQTT_TOPIC_H

#include "bag.h"
#include "mqtt/user.h"

#define TOPIC_RID_MAX       128
#define TOPIC_OPERATION_MAX 200

enum topic_kind {
	/* to publish to */
	TOPIC_TELEMETRY,
	TOPIC_METHOD_RESULT,
	TOPIC_TWIN_GET,
	TOPIC_TWIN_REPORTED,
	TOPIC_DPS_REGISTER,
	TOPIC_DPS_POLL,
	/* to subscribe to */
	TOPIC_C2D,
	TOPIC_INPUTS, /* of a module */
	TOPIC_METHODS,
	TOPIC_TWIN_RESULTS,
	TOPIC_TWIN_DESIRED,
	TOPIC_DPS_RESULTS,
	TOPIC_KINDS
};

struct topic {
	enum topic_kind kind;
	struct mqtt_bytes bag; /* TOPIC_TELEMETRY: its properties, for bag_parse() */
	int status;            /* TOPIC_METHOD_RESULT */
	int64_t version;       /* TOPIC_TWIN_REPORTED: what is to be changed, or -1 */
	char rid[TOPIC_RID_MAX + 1]; /* $rid as presented, empty when the kind has none */
	char operation[TOPIC_OPERATION_MAX +
		       1]; /* TOPIC_DPS_POLL: operationId, decoded */
};

/*
 * What a topic is that this user publishes to, or a filter that it subscribes to. NULL,
 * or why it may not. The bag borrows from `name`, all else is the topic's own.
 */
const char *topic_published(struct topic *topic, const struct mqtt_user *user,
			    struct mqtt_bytes name);
const char *topic_subscribed(struct topic *topic, const struct mqtt_user *user,
			     struct mqtt_bytes filter);

/* -- those that the hub publishes to, at the end of a text ----------------------------- */

/* Of a device that is no module. */
void topic_write_c2d(struct text *to, const struct mqtt_user *user,
		     const struct bag_property *list, size_t count);
void topic_write_input(struct text *to, const struct mqtt_user *user, const char *input,
		       const struct bag_property *list, size_t count);
void topic_write_method(struct text *to, const char *method, const char *rid);
/* `version` is that of the reported properties after a change, or -1. */
void topic_write_twin_result(struct text *to, int status, const char *rid,
			     long long version);
void topic_write_desired(struct text *to, long long version);
/* `retry_after_s` is -1 when there is nothing to wait for. */
void topic_write_dps_result(struct text *to, int status, const char *rid,
			    int retry_after_s);

#endif
