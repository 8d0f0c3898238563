/* What a device is sent by MQTT: messages, twins and calls of methods. */
#include "mqtt_device.h"

static void subscribe(const char *filter, char qos)
{
	struct text rest = { 0 };

	put_id(&rest, 9);
	put_text(&rest, filter);
	text_put(&rest, &qos, 1);
	take(0x82, &rest);
}

static void puback(unsigned id)
{
	struct text rest = { 0 };

	put_id(&rest, id);
	take(0x40, &rest);
}

static void send_c2d(const char *id, enum c2d_ack ack)
{
	static const struct message_property properties[] = { { "p1", "v 1" } };
	struct message message = { .texts = { [MESSAGE_ID] = id },
				   .properties = properties,
				   .property_count = 1,
				   .body = "go",
				   .body_len = 2 };
	struct presence *presence = presence_find(&hub.presences, "d1", "");

	assert_int_equal(c2d_send(hub.c2d, &d1, &message, ack, 0), C2D_SENT);
	if (presence)
		presence->calls->message(presence);
}

static int64_t queued(void)
{
	int64_t count;

	assert_int_equal(c2d_count(hub.c2d, &d1, &count), 1);
	return count;
}

/* -- tests --------------------------------------------------------------------------------- */

static void completes_what_is_acknowledged(void **state)
{
	(void)state;
	comes(true);
	subscribe("devices/d1/messages/devicebound/#", 1);
	text_free(&client.session.out);
	roused = 0;
	send_c2d("m 1", ACK_FULL);
	assert_int_equal(roused, 1);
	client_run(&client, now_ms);
	assert_int_equal((unsigned char)client.session.out.at[0], 0x32);
	gets_text("devices/d1/messages/devicebound/"
		  "%24.mid=m%201&iothub-ack=full&p1=v%201");
	assert_int_equal(queued(), 1);
	puback(1);
	assert_int_equal(queued(), 0);
	goes();
}

static void with_qos_0_nothing_is_waited_for(void **state)
{
	(void)state;
	comes(true);
	send_c2d("m1", ACK_NONE);
	subscribe("devices/d1/messages/devicebound/#", 0);
	gets_text("devicebound/%24.mid=m1&p1=v%201go");
	assert_int_equal(queued(), 0);
	goes();
}

static void a_message_waits_again_after_its_minute(void **state)
{
	int64_t unix_ms = clock_unix_ms();

	(void)state;
	comes(true);
	send_c2d("m1", ACK_NONE);
	subscribe("devices/d1/messages/devicebound/#", 1);
	text_free(&client.session.out);
	assert_int_equal(client_due_ms(&client, now_ms, unix_ms), now_ms + C2D_LOCK_MS);
	clock_offset(61);
	client_tick(&client, now_ms + C2D_LOCK_MS, unix_ms);
	gets_text("%24.mid=m1");
	puback(1); /* too late: it is another's lock */
	assert_int_equal(queued(), 1);
	puback(2);
	assert_int_equal(queued(), 0);
	clock_offset(0);
	goes();
}

static void never_owes_more_than_it_may(void **state)
{
	(void)state;
	comes(true);
	for (int i = 0; i < SESSION_FLIGHT_MAX + 1; i++)
		send_c2d("m", ACK_NONE);
	subscribe("devices/d1/messages/devicebound/#", 1);
	text_free(&client.session.out);
	puback(1);
	assert_int_equal(queued(), SESSION_FLIGHT_MAX);
	gets_text("%24.mid=m");
	for (unsigned id = 2; id <= SESSION_FLIGHT_MAX + 1; id++)
		puback(id);
	assert_int_equal(queued(), 0);
	goes();
}

static void sends_again_in_a_session_that_was_kept(void **state)
{
	char err[600];

	(void)state;
	comes(false);
	GETS("\x20\x02\x00\x00");
	subscribe("devices/d1/messages/devicebound/#", 1);
	send_c2d("m1", ACK_NONE);
	send_c2d("m2", ACK_NONE);
	client_run(&client, now_ms);
	puback(1);
	goes();
	/* as after kill -9 */
	clients_close(&all);
	assert_int_equal(clients_open(&all, &hub, err, sizeof(err)), 0);
	comes(false);
	assert_memory_equal(client.session.out.at, "\x20\x02\x01\x00\x3a", 5);
	assert_null(memmem(client.session.out.at, client.session.out.len, "m1", 2));
	gets_text("devicebound/%24.mid=m2&p1=v%201");
	puback(2);
	assert_int_equal(queued(), 0);
	/* the subscription lasts, until a clean session */
	send_c2d("m3", ACK_NONE);
	client_run(&client, now_ms);
	gets_text("%24.mid=m3");
	goes();
	comes(true);
	GETS("\x20\x02\x00\x00");
	goes();
	comes(false);
	GETS("\x20\x02\x00\x00");
	goes();
}

static void twins_by_topic(void **state)
{
	static const char patch[] = "{\"rate\":7,\"$version\":2}";

	(void)state;
	comes(true);
	subscribe("$iothub/twin/res/#", 0);
	subscribe("$iothub/twin/PATCH/properties/desired/#", 0);
	text_free(&client.session.out);
	publish(0, 0, "$iothub/twin/PATCH/properties/reported/?$rid=a", "{\"x\":1}");
	gets_text("$iothub/twin/res/204/?$rid=a&$version=2");
	publish(0, 0, "$iothub/twin/GET/?$rid=b", " ");
	gets_text("$iothub/twin/res/200/?$rid=b{\"desired\":{\"$version\":1},"
		  "\"reported\":{\"x\":1,\"$version\":2}}");
	publish(0, 0, "$iothub/twin/PATCH/properties/reported/?$rid=c", "{\"x\":");
	gets_text("$iothub/twin/res/400/?$rid=c{\"errorCode\":400");
	publish(0, 0, "$iothub/twin/PATCH/properties/reported/?$rid=d&$version=1",
		"{\"x\":2}");
	gets_text("$iothub/twin/res/412/?$rid=d{\"errorCode\":412001");
	publish(0, 0, "$iothub/twin/PATCH/properties/reported/?$rid=e&$version=2",
		"{\"x\":3}");
	gets_text("$iothub/twin/res/204/?$rid=e&$version=3");
	client.presence.calls->desired(&client.presence, patch, sizeof(patch) - 1, 2);
	gets_text("$iothub/twin/PATCH/properties/desired/?$version=2{\"rate\":7,");
	goes();
}

static void methods_by_topic(void **state)
{
	const struct method_request request = { "do it", "1f", "{\"a\":1}", 7 };

	(void)state;
	comes(true);
	assert_false(client.presence.calls->method(&client.presence, &request));
	subscribe("$iothub/methods/POST/#", 0);
	text_free(&client.session.out);
	assert_true(client.presence.calls->method(&client.presence, &request));
	gets_text("$iothub/methods/POST/do it/?$rid=1f{\"a\":1}");
	publish(0, 0, "$iothub/methods/res/200/?$rid=1f",
		"{}"); /* nobody waits: no harm */
	assert_false(client_closed(&client));
	goes();
}

static void who_does_not_read_is_closed(void **state)
{
	static char payload[100 * 1024];
	const struct method_request request = { "m", "1", payload, sizeof(payload) };

	(void)state;
	memset(payload, '1', sizeof(payload));
	comes(true);
	subscribe("$iothub/methods/POST/#", 0);
	assert_true(client_listens(&client, now_ms));
	client.presence.calls->method(&client.presence, &request);
	client_run(&client, now_ms);
	assert_false(client_closed(&client));
	assert_false(client_listens(&client, now_ms));
	for (int i = 0; i < 10; i++)
		client.presence.calls->method(&client.presence, &request);
	client_run(&client, now_ms);
	assert_true(client_closed(&client));
	assert_non_null(strstr(client.session.why, "does not read"));
	goes();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(completes_what_is_acknowledged),
		cmocka_unit_test(with_qos_0_nothing_is_waited_for),
		cmocka_unit_test(a_message_waits_again_after_its_minute),
		cmocka_unit_test(never_owes_more_than_it_may),
		cmocka_unit_test(sends_again_in_a_session_that_was_kept),
		cmocka_unit_test(twins_by_topic),
		cmocka_unit_test(methods_by_topic),
		cmocka_unit_test(who_does_not_read_is_closed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
