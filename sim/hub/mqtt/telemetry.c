#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "mqtt/client_own.h"

/* A message that waits for room in the event stream, packed. */
struct held {
	struct held *next;
	bool acks; /* it came with QoS 1 */
	struct text packed;
};

/* -- a message of what was published ----------------------------------------------------- */

/* What is the application's, and what the hub does not know, are its properties. */
static const int text_of[BAG_SYSTEMS] = {
	[BAG_APPLICATION] = -1,
	[BAG_MESSAGE_ID] = MESSAGE_ID,
	[BAG_CORRELATION_ID] = MESSAGE_CORRELATION_ID,
	[BAG_USER_ID] = MESSAGE_USER_ID,
	[BAG_TO] = MESSAGE_TO,
	[BAG_EXPIRY] = MESSAGE_EXPIRES,
	[BAG_CONTENT_TYPE] = MESSAGE_CONTENT_TYPE,
	[BAG_CONTENT_ENCODING] = MESSAGE_CONTENT_ENCODING,
	[BAG_SUBJECT] = MESSAGE_SUBJECT,
	[BAG_OUTPUT_NAME] = -1,
	[BAG_INTERFACE_ID] = MESSAGE_INTERFACE,
	[BAG_CREATION_TIME] = MESSAGE_CREATED,
};

struct made {
	struct message message;
	struct message_property properties[BAG_MAX + 2];
	struct bag bag;
};

static void add_property(struct made *made, const char *name, const char *value)
{
	made->properties[made->message.property_count++] =
		(struct message_property){ name, value };
}

/* NULL, or what is wrong; then nothing is to be freed. `body` is borrowed. */
static const char *make(struct made *made, const struct mqtt_client *client,
			const struct topic *topic, struct mqtt_bytes body, bool retain)
{
	const char *wrong = bag_parse(&made->bag, topic->bag.at, topic->bag.len);
	struct message *message = &made->message;

	if (wrong)
		return wrong;
	*message = (struct message){ .properties = made->properties,
				     .body = body.at,
				     .body_len = body.len };
	identity_sign(&client->identity, message);
	if (*client->session.user.model_id)
		message->texts[MESSAGE_SCHEMA] = client->session.user.model_id;
	for (size_t i = 0; i < made->bag.count; i++) {
		const struct bag_property *property = &made->bag.list[i];

		if (text_of[property->system] < 0)
			add_property(made, property->key, property->value);
		else
			message->texts[text_of[property->system]] =
				property->value ? property->value : "";
	}
	/* the hub keeps no message to hand it out later, and says so */
	if (retain)
		add_property(made, "mqtt-retain", "true");
	return NULL;
}

/* -- storing ----------------------------------------------------------------------------- */

static void wait_for_it(struct mqtt_client *client)
{
	struct mqtt_clients *all = client->all;

	if (client->stores)
		return;
	client->stores = true;
	client->before = NULL;
	client->next = all->storing;
	if (all->storing)
		all->storing->before = client;
	all->storing = client;
}

static void wait_no_more(struct mqtt_client *client)
{
	if (!client->stores)
		return;
	client->stores = false;
	if (client->before)
		client->before->next = client->next;
	else
		client->all->storing = client->next;
	if (client->next)
		client->next->before = client->before;
}

/* False: no memory. */
static bool hold(struct mqtt_client *client, const struct message *message, bool acks)
{
	struct held *held = calloc(1, sizeof(*held));

	if (!held)
		return false;
	held->acks = acks;
	message_pack(&held->packed, message);
	if (held->packed.failed) {
		text_free(&held->packed);
		free(held);
		return false;
	}
	*client->held_end = held;
	client->held_end = &held->next;
	return true;
}

static const char *store_message(struct mqtt_client *client,
				 const struct message *message,
				 const struct mqtt_publish *publish)
{
	uint64_t ticket = TICKET_NONE;
	int rc =
		client->held ? 0 : events_put(client->all->hub->events, message, &ticket);

	if (rc < 0 || (rc == 0 && !hold(client, message, publish->qos > 0)))
		return "there is no memory for the message";
	presence_active(&client->all->hub->presences, &client->presence, clock_unix_ms());
	client_ack(client, publish, ticket);
	if (publish->qos > 0 || rc == 0)
		wait_for_it(client);
	return NULL;
}

const char *telemetry_take(struct mqtt_client *client, const struct topic *topic,
			   const struct mqtt_publish *publish)
{
	struct made made;
	const char *wrong = make(&made, client, topic, publish->payload, publish->retain);

	if (wrong)
		return wrong;
	if (message_size(&made.message) > MESSAGE_D2C_MAX)
		wrong = "the message is larger than 256 KiB, with its properties";
	else if (!client_throttle(client, THROTTLE_D2C))
		wrong = "messages to the hub are throttled (429003 "
			"ThrottlingBacklogTimeout)";
	else
		wrong = store_message(client, &made.message, publish);
	bag_free(&made.bag);
	return wrong;
}

/* False: there is still no room for it. */
static bool store_held(struct mqtt_client *client, struct held *held)
{
	struct message_room room = { 0 };
	struct message message;
	uint64_t ticket;
	int rc = -1;

	if (message_unpack(&message, &room, held->packed.at, held->packed.len))
		rc = events_put(client->all->hub->events, &message, &ticket);
	message_room_free(&room);
	if (rc == 1 && held->acks)
		acks_give(&client->acks, ticket);
	if (rc < 0)
		client->cut = "there is no memory for the message";
	return rc == 1;
}

static void drop_held(struct mqtt_client *client)
{
	struct held *held = client->held;

	client->held = held->next;
	if (!client->held)
		client->held_end = &client->held;
	text_free(&held->packed);
	free(held);
}

void telemetry_run(struct mqtt_client *client)
{
	uint64_t stored;
	uint16_t packet;

	if (!client->stores)
		return;
	while (client->held && store_held(client, client->held))
		drop_held(client);
	stored = events_stored(client->all->hub->events);
	while ((packet = acks_pop(&client->acks, stored)) != 0)
		mqtt_session_puback(&client->session, packet);
	if (client->acks.count == 0 && !client->held)
		wait_no_more(client);
}

void telemetry_free(struct mqtt_client *client)
{
	wait_no_more(client);
	while (client->held)
		drop_held(client);
}

/* "The will message arrives with the property iothub-MessageType, which is Will." */
void telemetry_will(struct mqtt_client *client, const struct topic *topic,
		    const struct mqtt_will *will)
{
	struct made made;
	uint64_t ticket;
	const char *wrong = make(&made, client, topic, will->message, will->retain);

	if (!wrong) {
		add_property(&made, "iothub-MessageType", "Will");
		if (events_put(client->all->hub->events, &made.message, &ticket) != 1)
			wrong = "there is no room for it";
		bag_free(&made.bag);
	}
	if (wrong)
		log_event("MQTT of %s: its will is lost: %s", client->identity.device,
			  wrong);
}
