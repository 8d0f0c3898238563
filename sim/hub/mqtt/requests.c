#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "crypto.h"
#include "errors.h"
#include "log.h"
#include "mqtt/client_own.h"
#include "twin.h"

/* Twins and methods go with QoS 0, as the SDKs ask for them. */
static enum session_sent send_text(struct mqtt_client *client, enum topic_kind kind,
				   const struct text *topic, struct mqtt_bytes payload)
{
	if (topic->failed)
		return SESSION_IMPOSSIBLE;
	return mqtt_session_send(&client->session, kind,
				 (struct mqtt_bytes){ topic->at, topic->len }, payload, 0,
				 0);
}

/* -- twins ------------------------------------------------------------------------------ */

/* `version` is -1 where there is none to tell. */
static void answer_twin(struct mqtt_client *client, const struct topic *topic, int status,
			int64_t version, const char *body)
{
	struct text name = { 0 };

	topic_write_twin_result(&name, status, topic->rid, version);
	send_text(client, TOPIC_TWIN_RESULTS, &name,
		  (struct mqtt_bytes){ body, strlen(body) });
	text_free(&name);
}

/* {"errorCode":400004,"trackingId":"...","message":"...","timestampUtc":"..."} */
static void refuse_twin(struct mqtt_client *client, const struct topic *topic,
			enum error error, const char *message)
{
	const struct error_kind *kind = error_kind(error);
	struct json *json = json_new_object();
	char tracking[120], stamp[TIME_TEXT];
	int64_t now_ms = clock_unix_ms();
	uint64_t id[2] = { 0 };
	char *body;

	if (!message)
		message = kind->text;
	crypto_random(id, sizeof(id));
	clock_stamp(stamp, now_ms);
	snprintf(tracking, sizeof(tracking),
		 "%016" PRIx64 "%016" PRIx64 "-G:0-TimeStamp:%s", id[0], id[1], stamp);
	clock_iso(stamp, now_ms);
	json_add_number(json, "errorCode", kind->number);
	json_add_text(json, "trackingId", tracking);
	json_add_text(json, "message", message);
	json_add_text(json, "timestampUtc", stamp);
	body = json_print(json);
	json_free(json);
	log_event("MQTT of %s%s%s: twin: %d %s: %s", client->identity.device,
		  *client->identity.module ? "/" : "", client->identity.module,
		  kind->status, kind->name, message);
	answer_twin(client, topic, kind->status, -1, body ? body : "");
	free(body);
}

/* False: it was refused. The caller frees the device. */
static bool find_twin(struct mqtt_client *client, const struct topic *topic,
		      enum throttle_kind kind, struct device *device)
{
	struct hub *hub = client->all->hub;
	int rc;

	if (!throttle_allows(&hub->throttle, kind)) {
		refuse_twin(client, topic, ERROR_TIER, NULL);
		return false;
	}
	if (!client_throttle(client, kind)) {
		refuse_twin(client, topic, ERROR_THROTTLED, NULL);
		return false;
	}
	rc = store_get(hub->store, client->identity.device, client->identity.module,
		       device);
	if (rc != 1)
		refuse_twin(client, topic, rc == 0 ? ERROR_NO_DEVICE : ERROR_SERVER,
			    NULL);
	return rc == 1;
}

void requests_twin_get(struct mqtt_client *client, const struct topic *topic)
{
	struct device device;
	struct json *json;
	char *body;

	if (!find_twin(client, topic, THROTTLE_TWIN_READ, &device))
		return;
	json = twin_for_device(&device.twin);
	body = json_print(json);
	if (body)
		answer_twin(client, topic, 200, -1, body);
	else
		refuse_twin(client, topic, ERROR_SERVER, NULL);
	free(body);
	json_free(json);
	device_free(&device);
}

void requests_twin_report(struct mqtt_client *client, const struct topic *topic,
			  struct mqtt_bytes patch)
{
	struct device device;
	struct json *json;
	const char *wrong;

	if (!find_twin(client, topic, THROTTLE_TWIN_UPDATE, &device))
		return;
	json = json_parse(patch.at, patch.len, NULL);
	wrong = json ? twin_report(&device.twin, json, clock_unix_ms())
		     : "The patch is not JSON.";
	if (wrong)
		refuse_twin(client, topic, ERROR_ARGUMENT, wrong);
	else if (store_update(client->all->hub->store, &device) != 1)
		refuse_twin(client, topic, ERROR_SERVER, NULL);
	else
		answer_twin(client, topic, 204, device.twin.reported_version, "");
	json_free(json);
	device_free(&device);
}

void requests_desired(struct mqtt_client *client, const char *patch, size_t len,
		      int64_t version)
{
	struct text topic = { 0 };

	topic_write_desired(&topic, version);
	send_text(client, TOPIC_TWIN_DESIRED, &topic, (struct mqtt_bytes){ patch, len });
	text_free(&topic);
}

/* -- methods ---------------------------------------------------------------------------- */

bool requests_method(struct mqtt_client *client, const struct method_request *request)
{
	struct text topic = { 0 };
	enum session_sent sent;

	topic_write_method(&topic, request->name, request->rid);
	sent = send_text(client, TOPIC_METHODS, &topic,
			 (struct mqtt_bytes){ request->payload, request->payload_len });
	text_free(&topic);
	return sent == SESSION_SENT;
}

void requests_method_result(struct mqtt_client *client, const struct topic *topic,
			    struct mqtt_bytes payload)
{
	if (!method_answer(client->all->hub, &client->presence, topic->rid, topic->status,
			   payload.at, payload.len))
		log_event("MQTT of %s: nobody gets its answer to the method with $rid %s",
			  client->identity.device, topic->rid);
}
