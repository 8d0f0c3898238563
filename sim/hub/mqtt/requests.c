#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dps/dps.h"
#include "log.h"
#include "mqtt/client_own.h"
#include "twin.h"

/* Twins, methods and DPS go with QoS 0, which no SDK minds. */
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

/* Errors of twins look like those of DPS. */
static void refuse_twin(struct mqtt_client *client, const struct topic *topic,
			enum error error, const char *message)
{
	const struct error_kind *kind = error_kind(error);
	struct json *json;
	char *body;

	if (!message)
		message = kind->text;
	json = dps_error_json(kind, message, clock_unix_ms());
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
	if (twin_is_stale(&device.twin, topic->version)) {
		refuse_twin(client, topic, ERROR_PRECONDITION, TWIN_STALE);
		device_free(&device);
		return;
	}
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

/* -- DPS -------------------------------------------------------------------------------- */

struct dps_client requests_dps_client(const struct mqtt_client *client)
{
	const struct mqtt_user *user = &client->session.user;

	return (struct dps_client){ .scope = user->host,
				    .id = user->device,
				    .token = client->token,
				    .certificate = client->certificate,
				    .chain = client->chain };
}

void requests_dps(struct mqtt_client *client, const struct topic *topic,
		  struct mqtt_bytes body)
{
	struct dps_client who = requests_dps_client(client);
	struct dps_result result = { 0 };
	struct text name = { 0 };
	char *text;

	if (topic->kind == TOPIC_DPS_REGISTER)
		dps_register(client->all->hub, &who, body.at, body.len, &result);
	else
		dps_poll(client->all->hub, &who, topic->operation, &result);
	if (result.refused != ERROR_NONE)
		log_event("MQTT of registration %s: %d: %s", who.id, result.status,
			  result.why);
	text = json_print(result.body);
	topic_write_dps_result(&name, result.status, topic->rid, result.retry_after_s);
	send_text(client, TOPIC_DPS_RESULTS, &name,
		  (struct mqtt_bytes){ text ? text : "", text ? strlen(text) : 0 });
	free(text);
	text_free(&name);
	dps_result_free(&result);
}
