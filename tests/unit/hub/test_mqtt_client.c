/* Devices as the hub sees them by MQTT: whom it lets in, how long, and what they send. */
#include "mqtt_device.h"

/* The connection is refused, for this reason. */
static void refused(const char *id, const char *user, const char *password,
		    const char *why)
{
	connect_as(id, user, password, true, NULL);
	GETS("\x20\x02\x00\x05");
	assert_true(client_closed(&client));
	assert_non_null(strstr(client.session.why, why));
	assert_int_equal(hub.presences.count, 0);
	client_free(&client);
}

/* The last event of the device's partition. */
static struct cursor *cursor;
static struct event event;

static void last_event(void)
{
	unsigned partition = events_partition_of(hub.events, "d1");

	events_flush(hub.events);
	cursor = cursor_open(hub.events, partition,
			     events_info(hub.events, partition).last);
	assert_non_null(cursor);
	assert_int_equal(cursor_next(cursor, &event), 1);
}

static void body_is(const char *body)
{
	assert_int_equal(event.message.body_len, strlen(body));
	assert_memory_equal(event.message.body, body, strlen(body));
}

static const char *property(const char *name)
{
	for (size_t i = 0; i < event.message.property_count; i++)
		if (strcmp(event.message.properties[i].name, name) == 0)
			return event.message.properties[i].value;
	return NULL;
}

/* -- tests --------------------------------------------------------------------------------- */

static void lets_in_who_is_known(void **state)
{
	static const char *const users[] = {
		USER,
		"HUB.example/d1/?api-version=2020-09-30",
		"localhost:18883/d1/api-version=2016-11-14",
		"127.0.0.1/d1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		connect_as("d1", users[i], token, true, NULL);
		GETS("\x20\x02\x00\x00");
		assert_non_null(presence_find(&hub.presences, "d1", ""));
		goes();
		assert_null(presence_find(&hub.presences, "d1", ""));
	}
}

static void refuses_with_the_reason(void **state)
{
	char other[400], old[400];

	(void)state;
	sign_token(other, HOST "/devices/d2", d1.primary, NULL, 4000000000);
	sign_token(old, HOST "/devices/d1", d1.primary, NULL, 1000000000);
	refused("d1", "other.example/d1", token, "is for the hub 'other.example'");
	refused("d1", "localhost:1/d1", token, "is for the hub 'localhost:1'");
	refused("d1", HOST "/d1/?api-version=no", token, "api-version 'no'");
	refused("d1", USER, other, "the token is for hub.example/devices/d2");
	refused("d1", USER, old, "the token expired at 1000000000");
	refused("d1", USER, "", "neither a token nor a certificate");
	refused("d2", HOST "/d2", token, "the identity is not registered: device 'd2'");
	refused("d1", "d1", token, "the user name is not HOST/DEVICE");
}

static void stores_telemetry_and_says_so(void **state)
{
	(void)state;
	comes(true);
	GETS("\x20\x02\x00\x00");
	publish(1, 5,
		"devices/d1/messages/events/%24.mid=m1&%24.ct=text%2Fplain&k%20=v%3D1&x",
		"hello");
	last_event();
	clients_stored(&all);
	client_run(&client, now_ms);
	GETS("\x40\x02\x00\x05");
	body_is("hello");
	assert_string_equal(event.message.texts[MESSAGE_DEVICE], "d1");
	assert_string_equal(event.message.texts[MESSAGE_GENERATION], d1.generation);
	assert_string_equal(event.message.texts[MESSAGE_ID], "m1");
	assert_string_equal(event.message.texts[MESSAGE_CONTENT_TYPE], "text/plain");
	assert_null(event.message.texts[MESSAGE_USER_ID]);
	assert_string_equal(property("k "), "v=1");
	assert_int_equal(event.message.property_count, 2);
	cursor_close(cursor);
	goes();
}

static void acknowledges_in_order(void **state)
{
	(void)state;
	comes(true);
	text_free(&client.session.out);
	publish(1, 1, "devices/d1/messages/events/", "a");
	publish(1, 2, "$iothub/twin/GET/?$rid=1", " ");
	publish(1, 3, "devices/d1/messages/events/", "b");
	events_flush(hub.events);
	clients_stored(&all);
	client_run(&client, now_ms);
	GETS("\x40\x02\x00\x01\x40\x02\x00\x02\x40\x02\x00\x03");
	goes();
}

static void keeps_nothing_for_later(void **state)
{
	struct text rest = { 0 };

	(void)state;
	comes(true);
	put_text(&rest, "devices/d1/messages/events/");
	text_put(&rest, "r", 1);
	take(0x31, &rest);
	last_event();
	assert_string_equal(property("mqtt-retain"), "true");
	cursor_close(cursor);
	goes();
}

static void counts_properties_with_the_body(void **state)
{
	char *body = malloc(MESSAGE_D2C_MAX);

	(void)state;
	memset(body, 'x', MESSAGE_D2C_MAX);
	body[MESSAGE_D2C_MAX - 300] = '\0';
	comes(true);
	publish(0, 0, "devices/d1/messages/events/", body);
	assert_false(client_closed(&client));
	body[MESSAGE_D2C_MAX - 300] = 'x';
	body[MESSAGE_D2C_MAX - 5] = '\0';
	publish(0, 0, "devices/d1/messages/events/name=value", body);
	assert_true(client_closed(&client));
	assert_non_null(strstr(client.session.why, "larger than 256 KiB"));
	goes();
	free(body);
}

static void makes_the_will_known(void **state)
{
	(void)state;
	connect_as("d1", USER, token, true, "gone");
	goes();
	last_event();
	body_is("gone");
	assert_string_equal(property("iothub-MessageType"), "Will");
	assert_string_equal(property("mqtt-retain"), "true");
	assert_string_equal(property("w"), "1");
	cursor_close(cursor);
}

static void the_newer_one_wins(void **state)
{
	static struct mqtt_client first;

	(void)state;
	comes(true);
	/* its presence would know where it was: the table is told anew */
	presence_remove(&hub.presences, &client.presence);
	first = client;
	first.held_end = &first.held;
	presence_add(&hub.presences, &first.presence);
	comes(true);
	assert_non_null(first.cut);
	assert_ptr_equal(presence_find(&hub.presences, "d1", ""), &client.presence);
	client_run(&first, now_ms);
	assert_true(client_closed(&first));
	client_free(&first);
	assert_int_equal(hub.presences.count, 1);
	goes();
}

static void a_token_ends(void **state)
{
	int64_t unix_ms = clock_unix_ms();
	char brief[400];

	(void)state;
	sign_token(brief, HOST "/devices/d1", d1.primary, NULL,
		   (unsigned long long)(unix_ms / 1000 + 5));
	connect_as("d1", USER, brief, true, NULL);
	assert_true(client_due_ms(&client, now_ms, unix_ms) <= now_ms + 5000);
	client_tick(&client, now_ms + 3000, unix_ms + 3000);
	assert_false(client_closed(&client));
	client_tick(&client, now_ms + 5000, unix_ms + 5000);
	assert_true(client_closed(&client));
	assert_string_equal(client.session.why, "the token has expired");
	goes();
}

static void keeps_alive_one_and_a_half_times(void **state)
{
	int64_t unix_ms = clock_unix_ms();

	(void)state;
	comes(true);
	client_tick(&client, now_ms + 89999, unix_ms);
	assert_false(client_closed(&client));
	client_tick(&client, now_ms + 90000, unix_ms);
	assert_true(client_closed(&client));
	goes();
}

static void waits_where_the_stream_is_full(void **state)
{
	char *body = malloc(200001);
	unsigned sent = 0;

	(void)state;
	memset(body, 'b', 200000);
	body[200000] = '\0';
	comes(true);
	text_free(&client.session.out);
	/* until the writing thread cannot follow */
	while (client_listens(&client, now_ms) && sent < 4000)
		publish(1, ++sent, "devices/d1/messages/events/", body);
	assert_true(sent < 4000);
	assert_non_null(client.held);
	publish(1, ++sent, "devices/d1/messages/events/", "behind it");
	while (client.held || client.acks.count) {
		events_flush(hub.events);
		clients_stored(&all);
		client_run(&client, now_ms);
	}
	assert_int_equal(client.session.out.len, 4 * sent);
	for (unsigned id = 1; id <= sent; id++) {
		const unsigned char *ack =
			(unsigned char *)client.session.out.at + (size_t)4 * (id - 1);

		assert_int_equal(ack[0], 0x40);
		assert_int_equal(ack[2] << 8 | ack[3], id);
	}
	last_event();
	body_is("behind it");
	cursor_close(cursor);
	free(body);
	goes();
}

/* Who is not listened to is not silent. */
static void sleeps_longer_than_its_keep_alive(void **state)
{
	int64_t unix_ms = clock_unix_ms();

	(void)state;
	comes(true);
	client.asleep_until_ms = now_ms + 100000;
	assert_int_equal(client_due_ms(&client, now_ms, unix_ms), now_ms + 100000);
	client_tick(&client, now_ms + 95000, unix_ms);
	assert_false(client_listens(&client, now_ms + 95000));
	client_tick(&client, now_ms + 100000, unix_ms);
	assert_true(client_listens(&client, now_ms + 100000));
	client_tick(&client, now_ms + 189999, unix_ms);
	assert_false(client_closed(&client));
	client_tick(&client, now_ms + 190000, unix_ms);
	assert_true(client_closed(&client));
	goes();
}

static void throttled_it_sleeps(void **state)
{
	(void)state;
	assert_true(throttle_init(&hub.throttle, "S1", clock_steady_ms()));
	hub.throttle.level[THROTTLE_D2C] = 1;
	comes(true);
	text_free(&client.session.out);
	publish(0, 0, "devices/d1/messages/events/", "a");
	assert_true(client_listens(&client, now_ms));
	publish(0, 0, "devices/d1/messages/events/", "b");
	assert_false(client_listens(&client, now_ms));
	assert_true(client.asleep_until_ms > now_ms);
	hub.throttle.level[THROTTLE_D2C] = -100000;
	publish(0, 0, "devices/d1/messages/events/", "c");
	assert_true(client_closed(&client));
	goes();
	hub.throttle = (struct throttle){ 0 };
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_in_who_is_known),
		cmocka_unit_test(refuses_with_the_reason),
		cmocka_unit_test(stores_telemetry_and_says_so),
		cmocka_unit_test(acknowledges_in_order),
		cmocka_unit_test(keeps_nothing_for_later),
		cmocka_unit_test(counts_properties_with_the_body),
		cmocka_unit_test(makes_the_will_known),
		cmocka_unit_test(the_newer_one_wins),
		cmocka_unit_test(a_token_ends),
		cmocka_unit_test(keeps_alive_one_and_a_half_times),
		cmocka_unit_test(waits_where_the_stream_is_full),
		cmocka_unit_test(sleeps_longer_than_its_keep_alive),
		cmocka_unit_test(throttled_it_sleeps),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
