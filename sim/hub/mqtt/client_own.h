/* What the parts of a client, client.c, telemetry.c, parcels.c and requests.c, share. */
#ifndef HUB_MQTT_CLIENT_OWN_H
#define HUB_MQTT_CLIENT_OWN_H

#include "dps/dps.h"
#include "mqtt/client.h"
#include "throttle.h"

/*
 * Takes `count` of what the tier allows; where it has to wait for its turn, so does the
 * client. False: it is refused.
 */
bool client_throttle(struct mqtt_client *client, enum throttle_kind kind);
/* PUBACK for a packet with QoS 1, when what came before it has one too. */
void client_ack(struct mqtt_client *client, const struct mqtt_publish *publish,
		uint64_t ticket);

/* -- telemetry.c ---------------------------------------------------------------------- */

/* NULL, or why the session ends. */
const char *telemetry_take(struct mqtt_client *client, const struct topic *topic,
			   const struct mqtt_publish *publish);
/* Sends the PUBACKs of what is stored, and tries again what was held. */
void telemetry_run(struct mqtt_client *client);
void telemetry_will(struct mqtt_client *client, const struct topic *topic,
		    const struct mqtt_will *will);
void telemetry_free(struct mqtt_client *client);

/* -- parcels.c: messages from the cloud ------------------------------------------------- */

/* Sends again what flew in the session that was kept. */
void parcels_resume(struct mqtt_client *client, int64_t now_ms);
void parcels_run(struct mqtt_client *client, int64_t now_ms);
void parcels_acked(struct mqtt_client *client, uint64_t tag);
/* When the first lock is over; INT64_MAX: there is none. */
int64_t parcels_due_ms(const struct mqtt_client *client);
void parcels_tick(struct mqtt_client *client, int64_t now_ms);

/* -- requests.c: twins, methods and DPS ------------------------------------------------------- */

void requests_twin_get(struct mqtt_client *client, const struct topic *topic);
void requests_twin_report(struct mqtt_client *client, const struct topic *topic,
			  struct mqtt_bytes patch);
void requests_desired(struct mqtt_client *client, const char *patch, size_t len,
		      int64_t version);
bool requests_method(struct mqtt_client *client, const struct method_request *request);
void requests_method_result(struct mqtt_client *client, const struct topic *topic,
			    struct mqtt_bytes payload);

/* What it has shown; points into the client. */
struct dps_client requests_dps_client(const struct mqtt_client *client);
void requests_dps(struct mqtt_client *client, const struct topic *topic,
		  struct mqtt_bytes body);

#endif
