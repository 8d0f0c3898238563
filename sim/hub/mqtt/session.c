#include "mqtt/session.h"

#include <stdlib.h>
#include <string.h>

/* A CONNECT with the longest of wills. A stranger gets no more room than this. */
#define CONNECT_MAX (72 * 1024)
/* The largest message with the longest topic. */
#define PACKET_MAX (SESSION_MESSAGE_MAX + 2 + MQTT_TEXT_MAX + 2)

void mqtt_session_start(struct mqtt_session *session, const struct session_calls *calls,
			void *it, int64_t now_ms)
{
	*session = (struct mqtt_session){ .calls = calls,
					  .it = it,
					  .reader.limit = CONNECT_MAX,
					  .heard_ms = now_ms,
					  .patience_ms = SESSION_CONNECT_MS };
	for (int i = 0; i < TOPIC_KINDS; i++)
		session->granted[i] = -1;
}

static void forget_will(struct mqtt_session *session)
{
	free(session->will_bytes);
	session->will_bytes = NULL;
}

void mqtt_session_free(struct mqtt_session *session)
{
	forget_will(session);
	mqtt_reader_free(&session->reader);
	text_free(&session->out);
}

void mqtt_session_close(struct mqtt_session *session, const char *why)
{
	struct topic topic;

	if (session->state == SESSION_CLOSED)
		return;
	session->state = SESSION_CLOSED;
	session->why = why;
	if (session->will_bytes &&
	    !topic_published(&topic, &session->user, session->will.topic))
		session->calls->will(session->it, &topic, &session->will);
	forget_will(session);
}

/* -- CONNECT ------------------------------------------------------------------------- */

/* The will comes from a packet that is gone when it is due. */
static const char *keep_will(struct mqtt_session *session, const struct mqtt_will *will)
{
	size_t len = will->topic.len;
	struct topic topic;

	if (topic_published(&topic, &session->user, will->topic) ||
	    topic.kind != TOPIC_TELEMETRY)
		return "the topic of the will is not the client's for telemetry";
	if (will->qos > 1)
		return "the will has QoS 2, which the hub does not have";
	session->will_bytes = malloc(len + will->message.len + 1);
	if (!session->will_bytes)
		return "there is no memory for the will";
	memcpy(session->will_bytes, will->topic.at, len);
	memcpy(session->will_bytes + len, will->message.at, will->message.len);
	session->will = *will;
	session->will.topic.at = session->will_bytes;
	session->will.message.at = session->will_bytes + len;
	return NULL;
}

/* [MQTT-3.1.2-24], and as long as the real hub at most. */
static int64_t find_patience(unsigned keep_alive_s)
{
	int64_t patience_ms = (int64_t)keep_alive_s * 1500;

	return keep_alive_s == 0 || patience_ms > SESSION_IDLE_MS ? SESSION_IDLE_MS
								  : patience_ms;
}

static enum mqtt_connack judge_connect(struct mqtt_session *session,
				       const struct mqtt_connect *connect, bool *present,
				       const char **why)
{
	enum mqtt_connack code;

	*why = NULL;
	if (connect->level != MQTT_LEVEL) {
		*why = "the client does not speak MQTT 3.1.1 [MQTT-3.1.2-2]";
		return MQTT_BAD_LEVEL;
	}
	if (connect->client_id.len == 0 && !connect->clean) {
		*why = "a session to be kept has no client identifier [MQTT-3.1.3-8]";
		return MQTT_BAD_CLIENT_ID;
	}
	*why = mqtt_user_parse(&session->user, connect);
	if (!*why && connect->has_will)
		*why = keep_will(session, &connect->will);
	if (*why)
		return MQTT_NOT_AUTHORIZED;
	session->clean = connect->clean;
	code = session->calls->connect(session->it, &session->user, connect, present,
				       why);
	if (code != MQTT_ACCEPTED)
		forget_will(session);
	return code;
}

static void take_connect(struct mqtt_session *session, const struct mqtt_connect *connect)
{
	bool present = false;
	const char *why;
	enum mqtt_connack code = judge_connect(session, connect, &present, &why);

	mqtt_write_connack(&session->out, code, present);
	if (code != MQTT_ACCEPTED) {
		mqtt_session_close(session, why ? why : "the client was refused");
		return;
	}
	session->state = SESSION_OPEN;
	session->reader.limit = PACKET_MAX;
	session->patience_ms = find_patience(connect->keep_alive_s);
}

/* -- what comes after it --------------------------------------------------------------- */

static const char *take_publish(struct mqtt_session *session,
				const struct mqtt_publish *publish)
{
	struct topic topic;
	const char *wrong;

	if (publish->qos > 1)
		return "PUBLISH has QoS 2, which the hub does not have";
	if (publish->payload.len > SESSION_MESSAGE_MAX)
		return "the message is larger than 256 KiB";
	wrong = topic_published(&topic, &session->user, publish->topic);
	return wrong ? wrong : session->calls->publish(session->it, &topic, publish);
}

static const char *read_filters(const struct mqtt_session *session,
				struct mqtt_filters left, uint8_t *codes,
				enum topic_kind *kinds)
{
	struct mqtt_bytes filter;
	struct topic topic;
	unsigned qos;

	for (size_t i = 0; mqtt_next_filter(&left, &filter, &qos); i++) {
		const char *wrong = topic_subscribed(&topic, &session->user, filter);

		if (wrong)
			return wrong;
		codes[i] = qos > 1 ? 1 : (uint8_t)qos;
		kinds[i] = topic.kind;
	}
	return NULL;
}

/* The real hub has no code for a failure, it closes the connection. */
static const char *take_subscribe(struct mqtt_session *session,
				  const struct mqtt_filters *filters)
{
	enum topic_kind kinds[SESSION_FILTERS_MAX];
	uint8_t codes[SESSION_FILTERS_MAX];
	const char *wrong;

	if (filters->count > SESSION_FILTERS_MAX)
		return "SUBSCRIBE has more than five topic filters";
	wrong = read_filters(session, *filters, codes, kinds);
	if (wrong)
		return wrong;
	mqtt_write_suback(&session->out, filters->id, codes, filters->count);
	for (size_t i = 0; i < filters->count; i++)
		session->granted[kinds[i]] = codes[i];
	for (size_t i = 0; i < filters->count; i++)
		session->calls->subscribe(session->it, kinds[i], codes[i]);
	return NULL;
}

/* Of what it has not subscribed to as well: [MQTT-3.10.4-5]. */
static void take_unsubscribe(struct mqtt_session *session, struct mqtt_filters *filters)
{
	struct mqtt_bytes filter;
	struct topic topic;
	unsigned qos;

	while (mqtt_next_filter(filters, &filter, &qos)) {
		if (topic_subscribed(&topic, &session->user, filter) ||
		    session->granted[topic.kind] < 0)
			continue;
		session->granted[topic.kind] = -1;
		session->calls->unsubscribe(session->it, topic.kind);
	}
	mqtt_write_ack(&session->out, MQTT_UNSUBACK, filters->id);
}

static struct flight *find_flight(struct mqtt_session *session, uint16_t id)
{
	for (size_t i = 0; i < SESSION_FLIGHT_MAX; i++)
		if (session->flights[i].id == id)
			return &session->flights[i];
	return NULL;
}

static void take_puback(struct mqtt_session *session, uint16_t id)
{
	struct flight *flight = find_flight(session, id);

	if (!flight)
		return;
	flight->id = 0;
	session->calls->acked(session->it, flight->tag);
}

static const char *take_packet(struct mqtt_session *session, struct mqtt_packet *packet)
{
	switch (packet->type) {
	case MQTT_CONNECT:
		return "there is a second CONNECT [MQTT-3.1.0-2]";
	case MQTT_PUBLISH:
		return take_publish(session, &packet->publish);
	case MQTT_PUBACK:
		take_puback(session, packet->id);
		return NULL;
	case MQTT_SUBSCRIBE:
		return take_subscribe(session, &packet->filters);
	case MQTT_UNSUBSCRIBE:
		take_unsubscribe(session, &packet->filters);
		return NULL;
	case MQTT_PINGREQ:
		mqtt_write_pingresp(&session->out);
		return NULL;
	case MQTT_DISCONNECT:
		forget_will(session); /* [MQTT-3.1.2-10] */
		session->left = true;
		return "the client disconnected";
	default:
		return "the packet belongs to QoS 2, which the hub does not have";
	}
}

bool mqtt_session_take(struct mqtt_session *session, const void *bytes, size_t len,
		       int64_t now_ms)
{
	struct mqtt_packet packet;
	const char *wrong;

	if (session->state == SESSION_CLOSED)
		return false;
	mqtt_reader_put(&session->reader, bytes, len);
	while (session->state != SESSION_CLOSED &&
	       mqtt_reader_next(&session->reader, &packet, &wrong) != 0) {
		session->heard_ms = now_ms;
		if (!wrong && session->state == SESSION_NEW) {
			if (packet.type == MQTT_CONNECT)
				take_connect(session, &packet.connect);
			else
				wrong = "the first packet is not CONNECT [MQTT-3.1.0-1]";
		} else if (!wrong) {
			wrong = take_packet(session, &packet);
		}
		if (wrong)
			mqtt_session_close(session, wrong);
	}
	if (session->out.failed)
		mqtt_session_close(session, "there is no memory for the answers");
	return session->state != SESSION_CLOSED;
}

/* -- time ----------------------------------------------------------------------------- */

int64_t mqtt_session_deadline(const struct mqtt_session *session)
{
	return session->state == SESSION_CLOSED
		       ? INT64_MAX
		       : session->heard_ms + session->patience_ms;
}

bool mqtt_session_tick(struct mqtt_session *session, int64_t now_ms)
{
	if (now_ms >= mqtt_session_deadline(session))
		mqtt_session_close(session,
				   session->state == SESSION_NEW
					   ? "CONNECT did not come in time"
					   : "nothing came within one and a half times "
					     "the keep-alive [MQTT-3.1.2-24]");
	return session->state != SESSION_CLOSED;
}

/* -- what the hub sends ---------------------------------------------------------------- */

void mqtt_session_resume(struct mqtt_session *session, enum topic_kind kind, unsigned qos)
{
	session->granted[kind] = qos > 1 ? 1 : (int)qos;
}

void mqtt_session_puback(struct mqtt_session *session, uint16_t id)
{
	if (session->state == SESSION_OPEN)
		mqtt_write_ack(&session->out, MQTT_PUBACK, id);
}

/* [MQTT-2.3.1-2]: one that is not in use, as 0 is among the free ones. */
static uint16_t next_id(struct mqtt_session *session)
{
	do
		session->last_id++;
	while (find_flight(session, session->last_id));
	return session->last_id;
}

enum session_sent mqtt_session_send(struct mqtt_session *session, enum topic_kind kind,
				    struct mqtt_bytes topic, struct mqtt_bytes payload,
				    unsigned qos, uint64_t tag)
{
	struct mqtt_publish publish = { .topic = topic, .payload = payload };
	struct flight *flight = NULL;

	if (session->state != SESSION_OPEN || session->granted[kind] < 0)
		return SESSION_UNWANTED;
	if (qos > 0 && session->granted[kind] > 0) {
		flight = find_flight(session, 0);
		if (!flight)
			return SESSION_FULL;
		publish.qos = 1;
		publish.id = next_id(session);
	}
	if (!mqtt_write_publish(&session->out, &publish))
		return SESSION_IMPOSSIBLE;
	if (!flight)
		return SESSION_SENT;
	*flight = (struct flight){ publish.id, tag };
	return SESSION_FLIES;
}

enum session_sent mqtt_session_resend(struct mqtt_session *session, uint16_t id,
				      struct mqtt_bytes topic, struct mqtt_bytes payload,
				      uint64_t tag)
{
	struct mqtt_publish publish = {
		.topic = topic, .payload = payload, .qos = 1, .dup = true, .id = id
	};
	struct flight *flight = find_flight(session, 0);

	if (session->state != SESSION_OPEN)
		return SESSION_UNWANTED;
	if (!flight)
		return SESSION_FULL;
	if (!mqtt_write_publish(&session->out, &publish))
		return SESSION_IMPOSSIBLE;
	*flight = (struct flight){ id, tag };
	session->last_id = id;
	return SESSION_FLIES;
}
