/*
 * Who a CONNECT says it is: client identifier and user name, taken apart. Whether that is
 * true is another's question.
 */
#ifndef HUB_MQTT_USER_H
#define HUB_MQTT_USER_H

#include "device.h"
#include "mqtt/packet.h"

#define MQTT_HOST_MAX    260 /* of a name with a port */
#define MQTT_VERSION_MAX 24
#define MQTT_AGENT_MAX   200

/*
 * Of a device of the hub, or a module of one:
 *
 *	HOST/DEVICE[/MODULE]/?api-version=2021-04-12&DeviceClientType=...&model-id=...
 *	HOST/DEVICE[/MODULE]/api-version=2016-11-14      firmware of before
 *	HOST/DEVICE[/MODULE]                             and of long before
 *
 * with the client identifier DEVICE[/MODULE]; and of one that asks DPS for its hub:
 *
 *	SCOPE/registrations/ID/api-version=2019-03-31&ClientVersion=...
 */
struct mqtt_user {
	bool dps;
	char host[MQTT_HOST_MAX + 1]; /* as given, maybe with a port; DPS: the id scope */
	char device[ID_MAX + 1];      /* DPS: the registration id */
	char module[ID_MAX + 1];      /* empty: the device itself */
	char api_version[MQTT_VERSION_MAX + 1]; /* as given; empty: none */
	char agent[MQTT_AGENT_MAX + 1]; /* DeviceClientType or ClientVersion, cut off */
	char model_id[MODEL_MAX + 1];   /* empty: none */
};

/* NULL, or what is wrong with it. */
const char *mqtt_user_parse(struct mqtt_user *user, const struct mqtt_connect *connect);

#endif
