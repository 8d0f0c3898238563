#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mqtt/client_own.h"
#include "mqtt/kept.h"

/* A cloud-to-device message that was sent with QoS 1 and is not acknowledged yet. */
struct parcel {
	uint64_t tag; /* of the session's flight; 0: free */
	struct kept_flight flight;
	int64_t over_ms; /* when its lock is, INT64_MAX once that was seen */
};

/* All that the queue wants to know. */
static struct device owner_of(const struct mqtt_client *client)
{
	return (struct device){ .row = client->identity.row };
}

static struct parcel *find_parcel(struct mqtt_client *client, uint64_t tag)
{
	if (!client->parcels)
		client->parcels = calloc(SESSION_FLIGHT_MAX, sizeof(*client->parcels));
	for (size_t i = 0; client->parcels && i < SESSION_FLIGHT_MAX; i++)
		if (client->parcels[i].tag == tag)
			return &client->parcels[i];
	return NULL;
}

/* -- topics ---------------------------------------------------------------------------- */

static const struct {
	enum bag_system system;
	enum message_text text;
} system_texts[] = {
	{ BAG_MESSAGE_ID, MESSAGE_ID },
	{ BAG_CORRELATION_ID, MESSAGE_CORRELATION_ID },
	{ BAG_USER_ID, MESSAGE_USER_ID },
	{ BAG_TO, MESSAGE_TO },
	{ BAG_EXPIRY, MESSAGE_EXPIRES },
	{ BAG_CONTENT_TYPE, MESSAGE_CONTENT_TYPE },
	{ BAG_CONTENT_ENCODING, MESSAGE_CONTENT_ENCODING },
	{ BAG_CREATION_TIME, MESSAGE_CREATED },
};

#define SYSTEM_TEXTS (sizeof(system_texts) / sizeof(system_texts[0]))

static void write_topic(struct text *to, const struct mqtt_client *client,
			const struct c2d_delivery *delivery)
{
	const struct message *message = &delivery->message;
	struct bag_property *list =
		calloc(SYSTEM_TEXTS + 1 + message->property_count, sizeof(*list));
	size_t count = 0;

	if (!list) {
		to->failed = true;
		return;
	}
	for (size_t i = 0; i < SYSTEM_TEXTS; i++)
		if (message->texts[system_texts[i].text])
			list[count++] = (struct bag_property){
				system_texts[i].system, bag_key(system_texts[i].system),
				message->texts[system_texts[i].text]
			};
	if (delivery->ack != ACK_NONE)
		list[count++] = (struct bag_property){ BAG_APPLICATION, "iothub-ack",
						       c2d_ack_name(delivery->ack) };
	for (size_t i = 0; i < message->property_count; i++)
		list[count++] = (struct bag_property){ BAG_APPLICATION,
						       message->properties[i].name,
						       message->properties[i].value };
	topic_write_c2d(to, &client->session.user, list, count);
	free(list);
}

/* -- sending ---------------------------------------------------------------------------- */

static void fail(struct mqtt_client *client)
{
	client->cut = "the store fails";
	client->fetches = false;
}

/* Sends what was taken from the queue; `again` is its packet identifier, or 0. */
static enum session_sent send_delivery(struct mqtt_client *client,
				       const struct c2d_delivery *delivery,
				       uint16_t again)
{
	const struct message *message = &delivery->message;
	struct mqtt_bytes body = { message->body, message->body_len };
	enum session_sent sent = SESSION_IMPOSSIBLE;
	uint64_t tag = ++client->last_tag;
	struct text topic = { 0 };

	write_topic(&topic, client, delivery);
	if (!topic.failed && again)
		sent = mqtt_session_resend(&client->session, again,
					   (struct mqtt_bytes){ topic.at, topic.len },
					   body, tag);
	else if (!topic.failed)
		sent = mqtt_session_send(&client->session, TOPIC_C2D,
					 (struct mqtt_bytes){ topic.at, topic.len }, body,
					 1, tag);
	text_free(&topic);
	return sent;
}

static bool note_flight(struct mqtt_client *client, const struct c2d_delivery *delivery,
			int64_t now_ms)
{
	struct parcel *parcel = find_parcel(client, 0);

	if (!parcel)
		return false;
	parcel->tag = client->last_tag;
	parcel->over_ms = now_ms + C2D_LOCK_MS;
	parcel->flight.packet = client->session.last_id;
	memcpy(parcel->flight.lock, delivery->lock, LOCK_TEXT);
	return client->session.clean ||
	       kept_fly(client->all->kept, client->identity.row, &parcel->flight) >= 0;
}

/* With QoS 0 it is done with; what cannot be sent at all would be in the way for ever. */
static void settle(struct mqtt_client *client, const struct c2d_delivery *delivery,
		   enum session_sent sent, int64_t now_ms)
{
	const struct device owner = owner_of(client);
	bool sent_off = sent == SESSION_SENT;

	if (sent != SESSION_IMPOSSIBLE)
		presence_active(&client->all->hub->presences, &client->presence,
				clock_unix_ms());
	if (sent == SESSION_FLIES) {
		if (!note_flight(client, delivery, now_ms))
			fail(client);
		return;
	}
	if (!sent_off)
		log_event("MQTT of %s: a message to it is rejected: it does not fit into "
			  "a packet",
			  client->identity.device);
	if (c2d_settle(client->all->hub->c2d, &owner, delivery->lock,
		       sent_off ? C2D_COMPLETE : C2D_REJECT) < 0)
		fail(client);
}

void parcels_run(struct mqtt_client *client, int64_t now_ms)
{
	const struct device owner = owner_of(client);
	const struct mqtt_session *session = &client->session;
	struct c2d_delivery delivery = { 0 };

	while (client->fetches && session->granted[TOPIC_C2D] >= 0 &&
	       session->out.len < CLIENT_OUT_ENOUGH && find_parcel(client, 0)) {
		int rc = c2d_receive(client->all->hub->c2d, &owner, &delivery);

		if (rc < 0)
			fail(client);
		else if (rc == 0)
			client->fetches = false;
		else
			settle(client, &delivery, send_delivery(client, &delivery, 0),
			       now_ms);
	}
	c2d_delivery_free(&delivery);
}

/* -- acknowledgements -------------------------------------------------------------------- */

/* When the minute is over the message may have gone to somebody else: it stays theirs. */
void parcels_acked(struct mqtt_client *client, uint64_t tag)
{
	struct parcel *parcel = find_parcel(client, tag);
	const struct device owner = owner_of(client);

	if (!parcel)
		return;
	if (c2d_settle(client->all->hub->c2d, &owner, parcel->flight.lock, C2D_COMPLETE) <
		    0 ||
	    (!client->session.clean && kept_land(client->all->kept, client->identity.row,
						 parcel->flight.packet) < 0))
		fail(client);
	parcel->tag = 0;
}

int64_t parcels_due_ms(const struct mqtt_client *client)
{
	int64_t due_ms = INT64_MAX;

	for (size_t i = 0; client->parcels && i < SESSION_FLIGHT_MAX; i++)
		if (client->parcels[i].tag && client->parcels[i].over_ms < due_ms)
			due_ms = client->parcels[i].over_ms;
	return due_ms;
}

/* A message whose minute is over waits again, for this device too. */
void parcels_tick(struct mqtt_client *client, int64_t now_ms)
{
	for (size_t i = 0; client->parcels && i < SESSION_FLIGHT_MAX; i++) {
		struct parcel *parcel = &client->parcels[i];

		if (!parcel->tag || parcel->over_ms > now_ms)
			continue;
		parcel->over_ms = INT64_MAX;
		client->fetches = true;
	}
}

/* -- a session that was kept --------------------------------------------------------------- */

/* [MQTT-4.4.0-1]. What is gone meanwhile need not be acknowledged any more. */
void parcels_resume(struct mqtt_client *client, int64_t now_ms)
{
	struct kept *kept = client->all->kept;
	const struct device owner = owner_of(client);
	struct kept_flight list[SESSION_FLIGHT_MAX];
	struct c2d_delivery delivery = { 0 };
	size_t count = 0;
	int rc = client->session.clean
			 ? 1
			 : kept_flights(kept, client->identity.row, list, &count);

	for (size_t i = 0; rc >= 0 && i < count; i++) {
		rc = c2d_receive_again(client->all->hub->c2d, &owner, list[i].lock,
				       &delivery);
		if (rc == 0)
			rc = kept_land(kept, client->identity.row, list[i].packet);
		else if (rc == 1)
			settle(client, &delivery,
			       send_delivery(client, &delivery, list[i].packet), now_ms);
	}
	if (rc < 0)
		fail(client);
	c2d_delivery_free(&delivery);
}
