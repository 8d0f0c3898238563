/* What is in the packets of clients, and which are refused. */
#include "one_reader.h"

/* -- what clients send ---------------------------------------------------------------- */

static void reads_the_connect_of_the_sdk(void **state)
{
	struct text bytes = { 0 };
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	put_sdk_connect(&bytes);
	assert_int_equal(read_one(&packet, &wrong, bytes.at, bytes.len), 1);
	assert_int_equal(packet.type, MQTT_CONNECT);
	assert_int_equal(packet.connect.level, MQTT_LEVEL);
	assert_false(packet.connect.clean);
	assert_int_equal(packet.connect.keep_alive_s, 180);
	is_text(packet.connect.client_id, "dev1");
	assert_true(packet.connect.has_user && packet.connect.has_password);
	assert_false(packet.connect.has_will);
	is_text(packet.connect.user, sdk_user);
	is_text(packet.connect.password, "SharedAccessSignature sr=x");
	assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 0);
	text_free(&bytes);
}

static void reads_a_connect_with_all(void **state)
{
	static const char bytes[] = "\x10\x23\x00\x04MQTT\x04\xee\x00\x3c"
				    "\x00\x02id\x00\x03"
				    "w/t\x00\x04wi\x00l\x00\x04user\x00\x02\xff\x00";
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	assert_int_equal(read_one(&packet, &wrong, B(bytes)), 1);
	assert_true(packet.connect.clean && packet.connect.has_will);
	assert_int_equal(packet.connect.will.qos, 1);
	assert_true(packet.connect.will.retain);
	is_text(packet.connect.client_id, "id");
	is_text(packet.connect.will.topic, "w/t");
	assert_int_equal(packet.connect.will.message.len, 4);
	assert_memory_equal(packet.connect.will.message.at, "wi\0l", 4);
	is_text(packet.connect.user, "user");
	assert_int_equal(packet.connect.password.len, 2);
}

/* An X.509 device brings no password, and may stay as long as it likes. */
static void reads_a_connect_without_password(void **state)
{
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	assert_int_equal(read_one(&packet, &wrong,
				  B("\x10\x11\x00\x04MQTT\x04\x80\x00\x00\x00\x01"
				    "d\x00\x02h/")),
			 1);
	assert_true(packet.connect.has_user);
	assert_false(packet.connect.has_password);
	assert_int_equal(packet.connect.keep_alive_s, 0);
	assert_int_equal(packet.connect.password.len, 0);
}

/* [MQTT-3.1.2-2]: the session has to answer these, so they are no errors. */
static void tells_other_levels(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		unsigned level;
	} rows[] = {
		{ B("\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"), 5 },
		{ B("\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00"), 3 },
	};
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_one(&packet, &wrong, rows[i].bytes, rows[i].len),
				 1);
		assert_int_equal(packet.connect.level, rows[i].level);
	}
}

static void reads_publish(void **state)
{
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	assert_int_equal(read_one(&packet, &wrong,
				  B("\x30\x06\x00\x03"
				    "a/bx")),
			 1);
	assert_int_equal(packet.type, MQTT_PUBLISH);
	assert_int_equal(packet.publish.qos, 0);
	assert_int_equal(packet.publish.id, 0);
	is_text(packet.publish.topic, "a/b");
	is_text(packet.publish.payload, "x");
	assert_false(packet.publish.dup || packet.publish.retain);
	assert_int_equal(read_one(&packet, &wrong,
				  B("\x3b\x07\x00\x03"
				    "a/b\x12\x34")),
			 1);
	assert_int_equal(packet.publish.qos, 1);
	assert_int_equal(packet.publish.id, 0x1234);
	assert_true(packet.publish.dup && packet.publish.retain);
	assert_int_equal(packet.publish.payload.len, 0);
	assert_int_equal(read_one(&packet, &wrong,
				  B("\x34\x05\x00\x01"
				    "a\x00\x01")),
			 1);
	assert_int_equal(packet.publish.qos, 2);
}

static void reads_subscribe(void **state)
{
	struct mqtt_packet packet;
	struct mqtt_bytes filter;
	const char *wrong;
	unsigned qos;

	(void)state;
	assert_int_equal(read_one(&packet, &wrong,
				  B("\x82\x23\x00\x07\x00\x12$iothub/twin/res/#"
				    "\x01\x00\x05"
				    "+/b/+\x02\x00\x01#\x00")),
			 1);
	assert_int_equal(packet.type, MQTT_SUBSCRIBE);
	assert_int_equal(packet.filters.id, 7);
	assert_int_equal(packet.filters.count, 3);
	assert_true(mqtt_next_filter(&packet.filters, &filter, &qos));
	is_text(filter, "$iothub/twin/res/#");
	assert_int_equal(qos, 1);
	assert_true(mqtt_next_filter(&packet.filters, &filter, &qos));
	is_text(filter, "+/b/+");
	assert_int_equal(qos, 2);
	assert_true(mqtt_next_filter(&packet.filters, &filter, &qos));
	is_text(filter, "#");
	assert_int_equal(qos, 0);
	assert_false(mqtt_next_filter(&packet.filters, &filter, &qos));
}

static void reads_unsubscribe(void **state)
{
	struct mqtt_packet packet;
	struct mqtt_bytes filter;
	const char *wrong;
	unsigned qos;

	(void)state;
	assert_int_equal(read_one(&packet, &wrong,
				  B("\xa2\x09\x01\x00\x00\x01"
				    "a\x00\x02"
				    "b/")),
			 1);
	assert_int_equal(packet.type, MQTT_UNSUBSCRIBE);
	assert_int_equal(packet.filters.id, 0x100);
	assert_int_equal(packet.filters.count, 2);
	assert_true(mqtt_next_filter(&packet.filters, &filter, &qos));
	assert_true(mqtt_next_filter(&packet.filters, &filter, &qos));
	is_text(filter, "b/");
	assert_false(mqtt_next_filter(&packet.filters, &filter, &qos));
}

static void reads_the_small_ones(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum mqtt_type type;
		uint16_t id;
	} rows[] = {
		{ B("\x40\x02\x00\x01"), MQTT_PUBACK, 1 },
		{ B("\x50\x02\xff\xff"), MQTT_PUBREC, 0xffff },
		{ B("\x62\x02\x01\x00"), MQTT_PUBREL, 0x100 },
		{ B("\x70\x02\x00\x02"), MQTT_PUBCOMP, 2 },
		{ B("\xc0\x00"), MQTT_PINGREQ, 0 },
		{ B("\xe0\x00"), MQTT_DISCONNECT, 0 },
	};
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_one(&packet, &wrong, rows[i].bytes, rows[i].len),
				 1);
		assert_int_equal(packet.type, rows[i].type);
		if (rows[i].id)
			assert_int_equal(packet.id, rows[i].id);
	}
}

/* -- what is refused, and by which rule ------------------------------------------------ */

static const struct {
	const char *bytes;
	size_t len;
	const char *why;
} refused[] = {
	/* texts */
	{ B("\x30\x05\x00\x03"
	    "a\x00"
	    "b"),
	  "MQTT-1.5.3-2" },
	{ B("\x30\x05\x00\x03\xed\xa0\x80"), "MQTT-1.5.3-1" },
	{ B("\x30\x03\x00\x01\xff"), "MQTT-1.5.3-1" },
	/* flags of the fixed header */
	{ B("\x11\x00"), "MQTT-2.2.2-2" },
	{ B("\x42\x02\x00\x01"), "MQTT-2.2.2-2" },
	{ B("\x51\x02\x00\x01"), "MQTT-2.2.2-2" },
	{ B("\x60\x02\x00\x01"), "MQTT-3.6.1-1" },
	{ B("\x78\x02\x00\x01"), "MQTT-2.2.2-2" },
	{ B("\x80\x06\x00\x01\x00\x01"
	    "a\x00"),
	  "MQTT-3.8.1-1" },
	{ B("\xa0\x05\x00\x01\x00\x01"
	    "a"),
	  "MQTT-3.10.1-1" },
	{ B("\xc1\x00"), "MQTT-2.2.2-2" },
	{ B("\xe4\x00"), "MQTT-3.14.1-1" },
	/* types that are the server's, or nobody's */
	{ B("\x00\x00"), "no client" },
	{ B("\x20\x02\x00\x00"), "no client" },
	{ B("\x90\x03\x00\x01\x00"), "no client" },
	{ B("\xb0\x02\x00\x01"), "no client" },
	{ B("\xd0\x00"), "no client" },
	{ B("\xf0\x00"), "no client" },
	/* packet identifiers */
	{ B("\x32\x05\x00\x01"
	    "a\x00\x00"),
	  "MQTT-2.3.1-1" },
	{ B("\x40\x02\x00\x00"), "MQTT-2.3.1-1" },
	{ B("\x82\x06\x00\x00\x00\x01"
	    "a\x00"),
	  "MQTT-2.3.1-1" },
	{ B("\xa2\x05\x00\x00\x00\x01"
	    "a"),
	  "MQTT-2.3.1-1" },
	/* CONNECT */
	{ B("\x10\x0d\x00\x04MQTX\x04\x02\x00\x00\x00\x01"
	    "d"),
	  "MQTT-3.1.2-1" },
	{ B("\x10\x0f\x00\x06MQIsdp\x04\x02\x00\x00\x00\x01"
	    "d"),
	  "MQTT-3.1.2-1" },
	{ B("\x10\x0d\x00\x04MQTT\x04\x03\x00\x00\x00\x01"
	    "d"),
	  "MQTT-3.1.2-3" },
	{ B("\x10\x0d\x00\x04MQTT\x04\x0a\x00\x00\x00\x01"
	    "d"),
	  "MQTT-3.1.2-13" },
	{ B("\x10\x0d\x00\x04MQTT\x04\x22\x00\x00\x00\x01"
	    "d"),
	  "MQTT-3.1.2-15" },
	{ B("\x10\x13\x00\x04MQTT\x04\x1e\x00\x00\x00\x01"
	    "d\x00\x02wt\x00\x00"),
	  "MQTT-3.1.2-14" },
	{ B("\x10\x0f\x00\x04MQTT\x04\x42\x00\x00\x00\x01"
	    "d\x00\x00"),
	  "MQTT-3.1.2-22" },
	{ B("\x10\x13\x00\x04MQTT\x04\x06\x00\x00\x00\x01"
	    "d\x00\x02w#\x00\x00"),
	  "MQTT-4.7.1-1" },
	{ B("\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01\x00"), "MQTT-1.5.3-2" },
	/* PUBLISH */
	{ B("\x36\x05\x00\x01"
	    "a\x00\x01"),
	  "MQTT-3.3.1-4" },
	{ B("\x38\x03\x00\x01"
	    "a"),
	  "MQTT-3.3.1-2" },
	{ B("\x30\x03\x00\x01+"), "MQTT-4.7.1-1" },
	{ B("\x30\x05\x00\x03"
	    "a/#"),
	  "MQTT-4.7.1-1" },
	{ B("\x30\x02\x00\x00"), "MQTT-4.7.3-1" },
	/* filters */
	{ B("\x82\x06\x00\x01\x00\x01"
	    "a\x03"),
	  "MQTT-3-8.3-4" },
	{ B("\x82\x06\x00\x01\x00\x01"
	    "a\x81"),
	  "MQTT-3-8.3-4" },
	{ B("\x82\x02\x00\x01"), "MQTT-3.8.3-3" },
	{ B("\xa2\x02\x00\x01"), "MQTT-3.10.3-2" },
	{ B("\x82\x05\x00\x01\x00\x00\x00"), "MQTT-4.7.3-1" },
	{ B("\x82\x07\x00\x01\x00\x02"
	    "a#\x00"),
	  "MQTT-4.7.1-2" },
	{ B("\x82\x08\x00\x01\x00\x03#/a\x00"), "MQTT-4.7.1-2" },
	{ B("\x82\x07\x00\x01\x00\x02"
	    "a+\x00"),
	  "MQTT-4.7.1-3" },
	{ B("\xa2\x06\x00\x01\x00\x02+a"), "MQTT-4.7.1-3" },
	{ B("\x82\x06\x00\x01\x00\x01\xc0\x00"), "MQTT-1.5.3-1" },
	/* lengths */
	{ B("\x30\x80\x80\x80\x80\x01"), "four bytes" },
	{ B("\x30\x00"), "ends within" },
	{ B("\x30\x03\x00\x02"
	    "a"),
	  "ends within" },
	{ B("\x32\x04\x00\x01"
	    "a\x00"),
	  "ends within" },
	{ B("\x40\x01\x00"), "ends within" },
	{ B("\x82\x05\x00\x01\x00\x01"
	    "a"),
	  "ends within" },
	{ B("\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x01"), "ends within" },
	{ B("\x40\x03\x00\x01\x00"), "behind" },
	{ B("\xc0\x01\x00"), "behind" },
	{ B("\xe0\x01\x00"), "behind" },
	{ B("\x10\x0e\x00\x04MQTT\x04\x02\x00\x00\x00\x01"
	    "dx"),
	  "behind" },
};

static void refuses_by_the_rules(void **state)
{
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int rc = read_one(&packet, &wrong, refused[i].bytes, refused[i].len);

		if (rc != -1 || !strstr(wrong, refused[i].why))
			fail_msg("row %zu: %d, %s, not %s", i, rc, wrong ? wrong : "",
				 refused[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_the_connect_of_the_sdk),
		TEST(reads_a_connect_with_all),
		TEST(reads_a_connect_without_password),
		TEST(tells_other_levels),
		TEST(reads_publish),
		TEST(reads_subscribe),
		TEST(reads_unsubscribe),
		TEST(reads_the_small_ones),
		TEST(refuses_by_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
