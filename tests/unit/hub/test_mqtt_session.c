/* What is sent and taken in a session of MQTT that is open. */
#include "one_session.h"

#define RID "5e3c0f2a-9f3c-4a54-9f0b-0d9c8f0f1f11"

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
	assert_true(take_rest(0x82, &rest, 1000));
	answered(B("\x90\x07\x00\x09\x00\x01\x00\x01\x00")); /* in their order */
	put_filters(&rest, SESSION_FILTERS_MAX + 1);
	assert_false(take_rest(0x82, &rest, 1000));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
