#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mqtt/session.h"

#define B(literal) literal, sizeof(literal) - 1

#define RID "5e3c0f2a-9f3c-4a54-9f0b-0d9c8f0f1f11"

static const char user_name[] = "myhub.azure-devices.net/dev1/?api-version=2021-04-12";

/* -- an owner that writes down what it is asked, and what it shall say ------------------- */

static struct text log_text;
static enum mqtt_connack verdict;
static const char *verdict_why;
static bool kept;
static const char *publish_wrong;
static struct mqtt_session session;

static enum mqtt_connack on_connect(void *it, const struct mqtt_user *user,
				    const struct mqtt_connect *connect, bool *present,
				    const char **why)
{
	text_add(&log_text, "connect %s %.*s;", user->device, (int)connect->password.len,
		 connect->has_password ? connect->password.at : "");
	if (kept)
		mqtt_session_resume(it, TOPIC_C2D, 1);
	*present = kept;
	*why = verdict_why;
	return verdict;
}

static const char *on_publish(void *it, const struct topic *topic,
			      const struct mqtt_publish *publish)
{
	(void)it;
	text_add(&log_text, "publish %d %u %.*s;", topic->kind, publish->id,
		 (int)publish->payload.len, publish->payload.at);
	return publish_wrong;
}

static void on_subscribe(void *it, enum topic_kind kind, unsigned qos)
{
	(void)it;
	text_add(&log_text, "subscribe %d %u;", kind, qos);
}

static void on_unsubscribe(void *it, enum topic_kind kind)
{
	(void)it;
	text_add(&log_text, "unsubscribe %d;", kind);
}

static void on_acked(void *it, uint64_t tag)
{
	(void)it;
	text_add(&log_text, "acked %u;", (unsigned)tag);
}

static void on_will(void *it, const struct topic *topic, const struct mqtt_will *will)
{
	(void)it;
	text_add(&log_text, "will %.*s %.*s;", (int)topic->bag.len, topic->bag.at,
		 (int)will->message.len, will->message.at);
}

static const struct session_calls calls = { on_connect,     on_publish, on_subscribe,
					    on_unsubscribe, on_acked,   on_will };

static int stop(void **state)
{
	(void)state;
	mqtt_session_free(&session);
	text_free(&log_text);
	return 0;
}

static int start(void **state)
{
	(void)state;
	verdict = MQTT_ACCEPTED;
	verdict_why = publish_wrong = NULL;
	kept = false;
	mqtt_session_start(&session, &calls, &session, 1000);
	return 0;
}

static void logged(const char *text)
{
	assert_string_equal(log_text.len ? log_text.at : "", text);
	text_free(&log_text);
}

static void answered(const char *bytes, size_t len)
{
	assert_int_equal(session.out.len, len);
	if (len > 0)
		assert_memory_equal(session.out.at, bytes, len);
	text_free(&session.out);
}

static void closed_for(const char *why)
{
	assert_int_equal(session.state, SESSION_CLOSED);
	if (!strstr(session.why, why))
		fail_msg("%s, not %s", session.why, why);
}

/* -- the client ------------------------------------------------------------------------ */

static void put_text(struct text *to, const char *text)
{
	const char len[] = { (char)(strlen(text) >> 8), (char)strlen(text) };

	text_put(to, len, 2);
	text_put(to, text, strlen(text));
}

static bool take_rest(char first, struct text *rest, int64_t now_ms)
{
	const char header[] = { first, (char)((rest->len & 0x7f) | 0x80),
				(char)(rest->len >> 7) };
	struct text bytes = { 0 };
	bool open;

	text_put(&bytes, header, 3);
	text_put(&bytes, rest->at, rest->len);
	open = mqtt_session_take(&session, bytes.at, bytes.len, now_ms);
	text_free(&bytes);
	text_free(rest);
	return open;
}

struct client {
	bool clean;
	unsigned keep_alive_s;
	const char *id;
	const char *will; /* the topic */
	unsigned will_qos;
};

static bool connect_as(struct client client, int64_t now_ms)
{
	struct text rest = { 0 };
	const char flags[] = {
		4,
		(char)(0xc0 | (client.clean ? 2 : 0) | (client.will ? 4 : 0) |
		       client.will_qos << 3),
		(char)(client.keep_alive_s >> 8),
		(char)client.keep_alive_s,
	};

	put_text(&rest, "MQTT");
	text_put(&rest, flags, 4);
	put_text(&rest, client.id ? client.id : "dev1");
	if (client.will) {
		put_text(&rest, client.will);
		put_text(&rest, "gone");
	}
	put_text(&rest, user_name);
	put_text(&rest, "token");
	return take_rest(0x10, &rest, now_ms);
}

static void open_session(void)
{
	assert_true(connect_as((struct client){ .keep_alive_s = 180 }, 1000));
	answered(B("\x20\x02\x00\x00"));
	logged("connect dev1 token;");
}

static bool subscribe(const char *filter, char qos)
{
	struct text rest = { 0 };

	text_put(&rest, "\x00\x09", 2);
	put_text(&rest, filter);
	text_put(&rest, &qos, 1);
	return take_rest((char)0x82, &rest, 1000);
}

static bool unsubscribe(const char *filter)
{
	struct text rest = { 0 };

	text_put(&rest, "\x00\x0a", 2);
	put_text(&rest, filter);
	return take_rest((char)0xa2, &rest, 1000);
}

static bool publish(const char *topic, unsigned qos)
{
	struct mqtt_publish packet = { .topic = { topic, strlen(topic) },
				       .payload = { "x", 1 },
				       .qos = qos,
				       .id = 5 };
	struct text bytes = { 0 };
	bool open;

	assert_true(mqtt_write_publish(&bytes, &packet));
	open = mqtt_session_take(&session, bytes.at, bytes.len, 1000);
	text_free(&bytes);
	return open;
}

static enum session_sent send_c2d(unsigned qos, uint64_t tag)
{
	return mqtt_session_send(&session, TOPIC_C2D, (struct mqtt_bytes){ "t", 1 },
				 (struct mqtt_bytes){ "m", 1 }, qos, tag);
}

/* -- CONNECT ------------------------------------------------------------------------- */

static void lets_in(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(session.state, SESSION_OPEN);
	assert_false(session.clean);
	assert_string_equal(session.user.device, "dev1");
}

static void goes_on_with_a_kept_session(void **state)
{
	(void)state;
	kept = true;
	assert_true(connect_as((struct client){ .keep_alive_s = 180 }, 1000));
	answered(B("\x20\x02\x01\x00"));
	assert_int_equal(send_c2d(1, 7), SESSION_FLIES);
}

static void refuses_whom_the_owner_refuses(void **state)
{
	(void)state;
	verdict = MQTT_NOT_AUTHORIZED;
	verdict_why = "the token expired";
	assert_false(connect_as(
		(struct client){ .will = "devices/dev1/messages/events/" }, 1000));
	answered(B("\x20\x02\x00\x05"));
	closed_for("the token expired");
	logged("connect dev1 token;"); /* and no will */
	assert_false(mqtt_session_take(&session, B("\xc0\x00"), 1000));
	answered(NULL, 0);
}

static void refuses_another_level(void **state)
{
	(void)state;
	assert_false(mqtt_session_take(
		&session, B("\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"), 1000));
	answered(B("\x20\x02\x00\x01"));
	closed_for("MQTT-3.1.2-2");
	logged("");
}

static void refuses_to_keep_a_session_without_a_name(void **state)
{
	(void)state;
	assert_false(connect_as((struct client){ .id = "" }, 1000));
	answered(B("\x20\x02\x00\x02"));
	closed_for("MQTT-3.1.3-8");
}

static void refuses_another_client_id(void **state)
{
	(void)state;
	assert_false(connect_as((struct client){ .id = "dev2" }, 1000));
	answered(B("\x20\x02\x00\x05"));
	closed_for("client identifier");
	logged("");
}

static void refuses_wills_that_are_none(void **state)
{
	static const struct client clients[] = {
		{ .will = "devices/dev2/messages/events/" },
		{ .will = "$iothub/twin/GET/?$rid=1" },
		{ .will = "devices/dev1/messages/events/", .will_qos = 2 },
	};

	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		start(state);
		assert_false(connect_as(clients[i], 1000));
		answered(B("\x20\x02\x00\x05"));
		closed_for("will");
		logged("");
		mqtt_session_free(&session);
	}
	start(state);
}

static void wants_connect_first(void **state)
{
	(void)state;
	assert_false(mqtt_session_take(&session, B("\xc0\x00"), 1000));
	answered(NULL, 0);
	closed_for("MQTT-3.1.0-1");
}

static void wants_connect_once(void **state)
{
	(void)state;
	open_session();
	assert_false(connect_as((struct client){ 0 }, 1000));
	answered(NULL, 0);
	closed_for("MQTT-3.1.0-2");
	logged("");
}

/* A stranger gets less room than a device. */
static void bounds_connect(void **state)
{
	(void)state;
	assert_false(mqtt_session_take(&session, B("\x10\x80\x80\x08"), 1000));
	closed_for("larger");
}

/* -- publishing ------------------------------------------------------------------------ */

static void takes_telemetry(void **state)
{
	(void)state;
	open_session();
	assert_true(publish("devices/dev1/messages/events/a=1", 0));
	logged("publish 0 0 x;");
	answered(NULL, 0);
	assert_true(publish("devices/dev1/messages/events/", 1));
	logged("publish 0 5 x;");
	answered(NULL, 0); /* not before it is safe */
	mqtt_session_puback(&session, 5);
	answered(B("\x40\x02\x00\x05"));
}

static void closes_on_qos_2(void **state)
{
	(void)state;
	open_session();
	assert_false(publish("devices/dev1/messages/events/", 2));
	logged("");
	answered(NULL, 0);
	closed_for("QoS 2");
}

static void closes_on_packets_of_qos_2(void **state)
{
	static const char *const packets[] = { "\x50\x02\x01\x01", "\x62\x02\x01\x01",
					       "\x70\x02\x01\x01" };

	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		start(state);
		open_session();
		assert_false(mqtt_session_take(&session, packets[i], 4, 1000));
		closed_for("QoS 2");
		mqtt_session_free(&session);
	}
	start(state);
}

static void closes_on_strange_topics(void **state)
{
	(void)state;
	open_session();
	assert_false(publish("devices/dev2/messages/events/", 1));
	logged("");
	closed_for("another device's");
}

static void closes_when_the_owner_says_so(void **state)
{
	(void)state;
	open_session();
	publish_wrong = "a property is no UTF-8";
	assert_false(publish("devices/dev1/messages/events/%ff=1", 1));
	closed_for("UTF-8");
	mqtt_session_puback(&session, 5);
	answered(NULL, 0);
}

static void closes_on_messages_that_are_too_large(void **state)
{
	static char payload[SESSION_MESSAGE_MAX + 1];
	static const char topic[] = "devices/dev1/messages/events/";
	struct mqtt_publish packet = { .topic = { topic, sizeof(topic) - 1 },
				       .payload = { payload, SESSION_MESSAGE_MAX } };
	struct text bytes = { 0 };

	(void)state;
	open_session();
	assert_true(mqtt_write_publish(&bytes, &packet));
	assert_true(mqtt_session_take(&session, bytes.at, bytes.len, 1000));
	text_free(&bytes);
	packet.payload.len++;
	assert_true(mqtt_write_publish(&bytes, &packet));
	assert_false(mqtt_session_take(&session, bytes.at, bytes.len, 1000));
	text_free(&bytes);
	closed_for("256 KiB");
}

/* -- subscribing ----------------------------------------------------------------------- */

static void grants_subscriptions(void **state)
{
	(void)state;
	open_session();
	assert_true(subscribe("devices/dev1/messages/devicebound/#", 1));
	answered(B("\x90\x03\x00\x09\x01"));
	logged("subscribe 6 1;");
	assert_true(subscribe("$iothub/methods/POST/#", 0));
	answered(B("\x90\x03\x00\x09\x00"));
	logged("subscribe 8 0;");
	assert_true(subscribe("$iothub/twin/res/#", 2)); /* there is no QoS 2 */
	answered(B("\x90\x03\x00\x09\x01"));
	logged("subscribe 9 1;");
}

static void closes_on_strange_filters(void **state)
{
	(void)state;
	open_session();
	assert_false(subscribe("devices/#", 1));
	answered(NULL, 0);
	logged("");
	closed_for("no topic");
}

static void put_filters(struct text *to, size_t count)
{
	text_put(to, "\x00\x09", 2);
	for (size_t i = 0; i < count; i++) {
		const char qos = i % 2;

		put_text(to, "$iothub/twin/res/#");
		text_put(to, &qos, 1);
	}
}

static void bounds_a_subscribe(void **state)
{
	struct text rest = { 0 };

	(void)state;
	open_session();
	put_filters(&rest, SESSION_FILTERS_MAX);
	assert_true(take_rest((char)0x82, &rest, 1000));
	answered(B("\x90\x07\x00\x09\x00\x01\x00\x01\x00")); /* in their order */
	put_filters(&rest, SESSION_FILTERS_MAX + 1);
	assert_false(take_rest((char)0x82, &rest, 1000));
	closed_for("five");
}

static void ends_subscriptions(void **state)
{
	(void)state;
	open_session();
	assert_true(subscribe("devices/dev1/messages/devicebound/#", 1));
	text_free(&session.out);
	text_free(&log_text);
	assert_true(unsubscribe("devices/dev1/messages/devicebound/#"));
	answered(B("\xb0\x02\x00\x0a"));
	logged("unsubscribe 6;");
	assert_int_equal(send_c2d(1, 1), SESSION_UNWANTED);
	assert_true(unsubscribe("devices/dev1/messages/devicebound/#"));
	assert_true(unsubscribe("never/heard/of"));
	answered(B("\xb0\x02\x00\x0a\xb0\x02\x00\x0a"));
	logged("");
}

/* -- sending ------------------------------------------------------------------------- */

static void sends_with_the_lower_qos(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(send_c2d(1, 1), SESSION_UNWANTED);
	assert_true(subscribe("devices/dev1/messages/devicebound/#", 0));
	text_free(&session.out);
	assert_int_equal(send_c2d(1, 1), SESSION_SENT);
	answered(B("\x30\x04\x00\x01tm"));
	assert_true(subscribe("devices/dev1/messages/devicebound/#", 1));
	text_free(&session.out);
	assert_int_equal(send_c2d(0, 1), SESSION_SENT);
	answered(B("\x30\x04\x00\x01tm"));
	assert_int_equal(send_c2d(1, 1), SESSION_FLIES);
	answered(B("\x32\x06\x00\x01t\x00\x01m"));
}

static void waits_for_pubacks(void **state)
{
	(void)state;
	open_session();
	assert_true(subscribe("devices/dev1/messages/devicebound/#", 1));
	for (unsigned i = 1; i <= SESSION_FLIGHT_MAX; i++)
		assert_int_equal(send_c2d(1, 100 + i), SESSION_FLIES);
	assert_int_equal(send_c2d(1, 999), SESSION_FULL);
	text_free(&session.out);
	text_free(&log_text);
	assert_true(mqtt_session_take(&session, B("\x40\x02\x00\x03"), 1000));
	logged("acked 103;");
	assert_true(mqtt_session_take(&session, B("\x40\x02\x00\x03"), 1000));
	logged(""); /* it was not owed any more */
	assert_int_equal(send_c2d(1, 200), SESSION_FLIES);
	answered(B("\x32\x06\x00\x01t\x00\x11m"));
}

/* 0 is none, and one that still flies is taken. */
static void counts_ids_around(void **state)
{
	(void)state;
	open_session();
	assert_true(subscribe("devices/dev1/messages/devicebound/#", 1));
	assert_int_equal(send_c2d(1, 1), SESSION_FLIES);
	session.last_id = 0xffff;
	text_free(&session.out);
	assert_int_equal(send_c2d(1, 2), SESSION_FLIES);
	answered(B("\x32\x06\x00\x01t\x00\x02m"));
}

static void sends_nothing_before_and_after(void **state)
{
	(void)state;
	mqtt_session_resume(&session, TOPIC_C2D, 1);
	assert_int_equal(send_c2d(1, 1), SESSION_UNWANTED);
	open_session();
	mqtt_session_close(&session, "over");
	assert_int_equal(send_c2d(1, 1), SESSION_UNWANTED);
	answered(NULL, 0);
}

/* What azure-iot-device 1.18.4 does from open() to close(), in its order. */
static void follows_the_sdk(void **state)
{
	(void)state;
	open_session();
	assert_true(subscribe("devices/dev1/messages/devicebound/#", 1));
	assert_true(subscribe("$iothub/methods/POST/#", 0));
	logged("subscribe 6 1;subscribe 8 0;");
	assert_true(publish("devices/dev1/messages/events/%24.mid=id1&"
			    "%24.ct=application%2Fjson&%24.ce=utf-8&"
			    "k%20%C3%A9=v%3D1%262",
			    1));
	logged("publish 0 5 x;");
	assert_int_equal(send_c2d(1, 77), SESSION_FLIES);
	assert_true(mqtt_session_take(&session, B("\x40\x02\x00\x01"), 1000));
	logged("acked 77;");
	assert_true(publish("$iothub/methods/res/200/?$rid=1", 0));
	assert_true(subscribe("$iothub/twin/res/#", 0));
	assert_true(publish("$iothub/twin/GET/?$rid=" RID, 0));
	assert_true(publish("$iothub/twin/PATCH/properties/reported/?$rid=" RID, 0));
	assert_true(subscribe("$iothub/twin/PATCH/properties/desired/#", 0));
	logged("publish 1 0 x;subscribe 9 0;publish 2 0 x;publish 3 0 x;"
	       "subscribe 10 0;");
	assert_false(mqtt_session_take(&session, B("\xc0\x00\xe0\x00"), 1000));
	closed_for("disconnected");
	logged("");
}

/* -- the end ------------------------------------------------------------------------- */

static void makes_the_will_known(void **state)
{
	(void)state;
	assert_true(connect_as((struct client){ .will = "devices/dev1/messages/events/"
							"a=1" },
			       1000));
	text_free(&log_text);
	mqtt_session_close(&session, "the connection is lost");
	mqtt_session_close(&session, "again");
	logged("will a=1 gone;");
	closed_for("lost");
}

static void makes_the_will_known_after_an_offence(void **state)
{
	(void)state;
	assert_true(connect_as((struct client){ .will = "devices/dev1/messages/events/" },
			       1000));
	text_free(&log_text);
	assert_false(mqtt_session_take(&session, B("\x00"), 1000));
	logged("will  gone;");
}

static void forgets_the_will_on_disconnect(void **state)
{
	(void)state;
	assert_true(connect_as((struct client){ .will = "devices/dev1/messages/events/" },
			       1000));
	text_free(&log_text);
	assert_false(mqtt_session_take(&session, B("\xe0\x00\xc0\x00"), 1000));
	logged("");
	answered(B("\x20\x02\x00\x00")); /* and nothing of what came behind it */
	closed_for("disconnected");
}

/* -- time ----------------------------------------------------------------------------- */

static void waits_for_connect(void **state)
{
	(void)state;
	assert_int_equal(mqtt_session_deadline(&session), 1000 + SESSION_CONNECT_MS);
	/* drops of a packet are none */
	assert_true(mqtt_session_take(&session, B("\x10\x20\x00"), 20000));
	assert_true(mqtt_session_tick(&session, 1000 + SESSION_CONNECT_MS - 1));
	assert_false(mqtt_session_tick(&session, 1000 + SESSION_CONNECT_MS));
	closed_for("in time");
	assert_true(mqtt_session_deadline(&session) == INT64_MAX);
}

static void waits_one_and_a_half_times(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(mqtt_session_deadline(&session), 1000 + 270000);
	assert_true(mqtt_session_take(&session, B("\xc0\x00"), 50000));
	answered(B("\xd0\x00"));
	assert_int_equal(mqtt_session_deadline(&session), 50000 + 270000);
	assert_true(mqtt_session_tick(&session, 50000 + 270000 - 1));
	assert_false(mqtt_session_tick(&session, 50000 + 270000));
	closed_for("MQTT-3.1.2-24");
}

static void waits_no_longer_than_the_real_hub(void **state)
{
	static const struct {
		unsigned keep_alive_s;
		int64_t patience_ms;
	} rows[] = {
		{ 1, 1500 },       { 1177, 1765500 },  { 1178, 1767000 },
		{ 1179, 1767000 }, { 65535, 1767000 }, { 0, 1767000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(state);
		assert_true(connect_as(
			(struct client){ .keep_alive_s = rows[i].keep_alive_s }, 2000));
		assert_int_equal(mqtt_session_deadline(&session),
				 2000 + rows[i].patience_ms);
		mqtt_session_free(&session);
	}
	start(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lets_in),
		TEST(goes_on_with_a_kept_session),
		TEST(refuses_whom_the_owner_refuses),
		TEST(refuses_another_level),
		TEST(refuses_to_keep_a_session_without_a_name),
		TEST(refuses_another_client_id),
		TEST(refuses_wills_that_are_none),
		TEST(wants_connect_first),
		TEST(wants_connect_once),
		TEST(bounds_connect),
		TEST(takes_telemetry),
		TEST(closes_on_qos_2),
		TEST(closes_on_packets_of_qos_2),
		TEST(closes_on_strange_topics),
		TEST(closes_when_the_owner_says_so),
		TEST(closes_on_messages_that_are_too_large),
		TEST(grants_subscriptions),
		TEST(closes_on_strange_filters),
		TEST(bounds_a_subscribe),
		TEST(ends_subscriptions),
		TEST(sends_with_the_lower_qos),
		TEST(waits_for_pubacks),
		TEST(counts_ids_around),
		TEST(sends_nothing_before_and_after),
		TEST(follows_the_sdk),
		TEST(makes_the_will_known),
		TEST(makes_the_will_known_after_an_offence),
		TEST(forgets_the_will_on_disconnect),
		TEST(waits_for_connect),
		TEST(waits_one_and_a_half_times),
		TEST(waits_no_longer_than_the_real_hub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
