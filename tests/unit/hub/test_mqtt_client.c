/* Devices as the hub sees them by MQTT, without sockets. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"
#include "mqtt/client.h"

#define USER HOST "/d1/?api-version=2021-04-12"

static struct mqtt_clients all;
static struct mqtt_client client;
static struct device d1;
static char token[400];
static int64_t now_ms;
static unsigned roused;

static void rouse(struct mqtt_client *of)
{
	roused += of == &client;
}

/* -- a device's packets ----------------------------------------------------------------- */

static void put_text(struct text *to, const char *text)
{
	size_t len = strlen(text);
	const char head[] = { (char)(len >> 8), (char)len };

	text_put(to, head, 2);
	text_put(to, text, len);
}

static void put_id(struct text *to, unsigned id)
{
	const char bytes[] = { (char)(id >> 8), (char)id };

	text_put(to, bytes, 2);
}

/* Takes the rest of a packet. */
static void take(unsigned first, struct text *rest)
{
	struct text packet = { 0 };
	size_t len = rest->len;
	char byte = (char)first;

	text_put(&packet, &byte, 1);
	do {
		byte = (char)((len & 0x7f) | (len > 0x7f ? 0x80 : 0));
		text_put(&packet, &byte, 1);
		len >>= 7;
	} while (len > 0);
	text_put(&packet, rest->at, rest->len);
	client_take(&client, packet.at, packet.len, now_ms);
	text_free(&packet);
	text_free(rest);
}

static void connect_as(const char *id, const char *user, const char *password, bool clean,
		       const char *will)
{
	struct text rest = { 0 };
	const char head[] = { 4, (char)(0xc0 | (clean ? 2 : 0) | (will ? 0x24 : 0)), 0,
			      60 };

	client_start(&client, &all, now_ms);
	put_text(&rest, "MQTT");
	text_put(&rest, head, sizeof(head));
	put_text(&rest, id);
	if (will) {
		put_text(&rest, "devices/d1/messages/events/w=1");
		put_text(&rest, will);
	}
	put_text(&rest, user);
	put_text(&rest, password);
	take(0x10, &rest);
}

static void publish(unsigned qos, unsigned id, const char *topic, const char *body)
{
	struct text rest = { 0 };

	put_text(&rest, topic);
	if (qos)
		put_id(&rest, id);
	text_put(&rest, body, strlen(body));
	take(0x30 | qos << 1, &rest);
}

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

/* What it is sent is these bytes. */
static void gets(const char *bytes, size_t len)
{
	struct text *out = &client.session.out;

	assert_int_equal(out->len, len);
	assert_memory_equal(out->at, bytes, len);
	text_free(out);
}

#define GETS(literal) gets(literal, sizeof(literal) - 1)

/* Somewhere in what it is sent. */
static void gets_text(const char *text)
{
	struct text *out = &client.session.out;

	assert_true(out->len > 0);
	assert_non_null(memmem(out->at, out->len, text, strlen(text)));
	text_free(out);
}

static void comes(bool clean)
{
	connect_as("d1", USER, token, clean, NULL);
	assert_int_equal(client.session.state, SESSION_OPEN);
}

static void goes(void)
{
	client_close(&client, "the test");
	client_free(&client);
}

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

/* -- the hub ------------------------------------------------------------------------------ */

static int set_up(void **state)
{
	char err[600];

	hub_set_up(state);
	hub.mqtt_port = 18883;
	all.rouse = rouse;
	assert_int_equal(clients_open(&all, &hub, err, sizeof(err)), 0);
	assert_true(device_init(&d1, "d1", "", clock_unix_ms()));
	assert_true(crypto_new_key(d1.primary) && crypto_new_key(d1.secondary));
	assert_int_equal(store_insert(hub.store, &d1), 1);
	sign_token(token, HOST "/devices/d1", d1.primary, NULL, 4000000000);
	now_ms = clock_steady_ms();
	return 0;
}

static int tear_down(void **state)
{
	clients_close(&all);
	return hub_tear_down(state);
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
		cmocka_unit_test(completes_what_is_acknowledged),
		cmocka_unit_test(with_qos_0_nothing_is_waited_for),
		cmocka_unit_test(a_message_waits_again_after_its_minute),
		cmocka_unit_test(never_owes_more_than_it_may),
		cmocka_unit_test(sends_again_in_a_session_that_was_kept),
		cmocka_unit_test(twins_by_topic),
		cmocka_unit_test(methods_by_topic),
		cmocka_unit_test(who_does_not_read_is_closed),
		cmocka_unit_test(waits_where_the_stream_is_full),
		cmocka_unit_test(sleeps_longer_than_its_keep_alive),
		cmocka_unit_test(throttled_it_sleeps),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
