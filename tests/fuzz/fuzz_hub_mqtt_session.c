/*
 * The bytes of a client of MQTT, and a session that lets everybody in. It answers in
 * packets that are whole, owes no more than it may, and asks its owner only for what a
 * client that is in has asked for.
 */
#include "fuzz_hub.h"

#include "mqtt/session.h"

struct owner {
	struct mqtt_session session;
	bool in;
	bool wants[TOPIC_KINDS];
	unsigned owed; /* PUBACKs of the client */
	unsigned wills;
};

static enum mqtt_connack on_connect(void *it, const struct mqtt_user *user,
				    const struct mqtt_connect *connect, bool *present,
				    const char **why)
{
	struct owner *owner = it;

	must(!owner->in && device_id_valid(user->device) && connect->has_user);
	*present = !connect->clean;
	*why = NULL;
	owner->in = true;
	return MQTT_ACCEPTED;
}

static const char *on_publish(void *it, const struct topic *topic,
			      const struct mqtt_publish *publish)
{
	struct owner *owner = it;
	struct bag bag = { 0 };
	const char *wrong = NULL;

	must(owner->in && publish->qos < 2);
	if (topic->kind == TOPIC_TELEMETRY)
		wrong = bag_parse(&bag, topic->bag.at, topic->bag.len);
	bag_free(&bag);
	if (!wrong && publish->qos == 1)
		mqtt_session_puback(&owner->session, publish->id);
	return wrong;
}

static void on_subscribe(void *it, enum topic_kind kind, unsigned qos)
{
	struct owner *owner = it;

	must(owner->in && qos < 2);
	owner->wants[kind] = true;
}

static void on_unsubscribe(void *it, enum topic_kind kind)
{
	struct owner *owner = it;

	must(owner->wants[kind]);
	owner->wants[kind] = false;
}

static void on_acked(void *it, uint64_t tag)
{
	struct owner *owner = it;

	must(tag == 42 && owner->owed > 0);
	owner->owed--;
}

static void on_will(void *it, const struct topic *topic, const struct mqtt_will *will)
{
	struct owner *owner = it;

	must(owner->in && topic->kind == TOPIC_TELEMETRY && will->qos < 2);
	must(++owner->wills == 1);
}

/* Types that a server sends, with lengths that go up to the end. */
static void check_out(struct text *out)
{
	for (size_t i = 0; i < out->len;) {
		unsigned type = (unsigned char)out->at[i] >> 4;

		must(type == MQTT_CONNACK || type == MQTT_PUBLISH ||
		     type == MQTT_PUBACK || type == MQTT_SUBACK ||
		     type == MQTT_UNSUBACK || type == MQTT_PINGRESP);
		must(out->len - i >= 2 && !(out->at[i + 1] & 0x80));
		i += 2 + (size_t)out->at[i + 1];
		must(i <= out->len);
	}
	text_free(out);
}

static void send_all(struct owner *owner)
{
	for (int kind = 0; kind < TOPIC_KINDS; kind++) {
		enum session_sent sent =
			mqtt_session_send(&owner->session, (enum topic_kind)kind,
					  (struct mqtt_bytes){ "t", 1 },
					  (struct mqtt_bytes){ "m", 1 }, 1, 42);

		must((sent == SESSION_UNWANTED) ==
		     (!owner->wants[kind] || owner->session.state != SESSION_OPEN));
		owner->owed += sent == SESSION_FLIES;
		must(owner->owed <= SESSION_FLIGHT_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct session_calls calls = { on_connect,   on_publish,
						    on_subscribe, on_unsubscribe,
						    on_acked,     on_will };
	static const size_t piece = 37;
	struct owner owner = { .in = false };
	bool open = true;

	mqtt_session_start(&owner.session, &calls, &owner, 0);
	for (size_t i = 0; i < len && open; i += piece) {
		open = mqtt_session_take(&owner.session, bytes + i,
					 len - i < piece ? len - i : piece, (int64_t)i);
		send_all(&owner);
		check_out(&owner.session.out);
		must(open == (owner.session.state != SESSION_CLOSED));
		must(open == (mqtt_session_deadline(&owner.session) != INT64_MAX));
	}
	if (open)
		must(!mqtt_session_tick(&owner.session,
					mqtt_session_deadline(&owner.session)));
	must(owner.session.why && *owner.session.why);
	mqtt_session_free(&owner.session);
	return 0;
}
