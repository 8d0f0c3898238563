#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mqtt/packet.h"

#define LIMIT (256 * 1024 + 1024)

/* A literal with its length, which NULs do not end. */
#define B(literal) literal, sizeof(literal) - 1

static struct mqtt_reader reader;

static int read_one(struct mqtt_packet *packet, const char **wrong, const char *bytes,
		    size_t len)
{
	mqtt_reader_free(&reader);
	reader = (struct mqtt_reader){ .limit = LIMIT };
	mqtt_reader_put(&reader, bytes, len);
	return mqtt_reader_next(&reader, packet, wrong);
}

static int free_reader(void **state)
{
	(void)state;
	mqtt_reader_free(&reader);
	return 0;
}

static void is_text(struct mqtt_bytes bytes, const char *text)
{
	assert_int_equal(bytes.len, strlen(text));
	assert_memory_equal(bytes.at, text, bytes.len);
}

static void put_text(struct text *to, const char *text)
{
	const char len[] = { 0, (char)strlen(text) };

	text_put(to, len, 2);
	text_put(to, text, strlen(text));
}

/* -- what clients send ---------------------------------------------------------------- */

static const char sdk_user[] =
	"myhub.azure-devices.net/dev1/?api-version=2021-04-12&DeviceClientType="
	"azure-iot-device%2F1.18.4%20(node%20v20.20.2%3B%20Debian%2012%3B%20x64)";

/* CONNECT of azure-iot-device-mqtt 1.16.4, but for the token. */
static void put_sdk_connect(struct text *to)
{
	static const char fixed[] = "\x00\x04MQTT\x04\xc0\x00\xb4\x00\x04"
				    "dev1";
	struct text rest = { 0 };
	char header[2] = { 0x10, 0 };
	char more;

	text_put(&rest, fixed, sizeof(fixed) - 1);
	put_text(&rest, sdk_user);
	put_text(&rest, "SharedAccessSignature sr=x");
	assert_true(rest.len > 127 && rest.len < 256);
	header[1] = (char)((rest.len & 0x7f) | 0x80);
	more = (char)(rest.len >> 7);
	text_put(to, header, 2);
	text_put(to, &more, 1);
	text_put(to, rest.at, rest.len);
	text_free(&rest);
}

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

/* -- the stream ---------------------------------------------------------------------- */

/* Whatever pieces it comes in, it is the same. */
static void reads_byte_by_byte(void **state)
{
	struct mqtt_packet packet;
	struct text bytes = { 0 };
	const char *wrong;
	int seen = 0;

	(void)state;
	put_sdk_connect(&bytes);
	text_put(&bytes, B("\x32\x06\x00\x01"
			   "a\x00\x05x\xc0\x00\xe0\x00"));
	mqtt_reader_free(&reader);
	reader = (struct mqtt_reader){ .limit = LIMIT };
	for (size_t i = 0; i < bytes.len; i++) {
		static const enum mqtt_type order[] = { MQTT_CONNECT, MQTT_PUBLISH,
							MQTT_PINGREQ, MQTT_DISCONNECT };
		int rc;

		mqtt_reader_put(&reader, bytes.at + i, 1);
		rc = mqtt_reader_next(&reader, &packet, &wrong);
		assert_true(rc >= 0);
		if (rc == 0)
			continue;
		assert_int_equal(packet.type, order[seen++]);
		if (packet.type == MQTT_PUBLISH)
			is_text(packet.publish.payload, "x");
		assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 0);
	}
	assert_int_equal(seen, 4);
	text_free(&bytes);
}

static void reads_many_at_once(void **state)
{
	struct mqtt_packet packet;
	struct text bytes = { 0 };
	const char *wrong;

	(void)state;
	for (unsigned id = 1; id <= 300; id++)
		text_add(&bytes, "%c%c%c%c", 0x40, 2, id >> 8, id & 0xff);
	text_put(&bytes, "\x40\x02\x01", 3); /* and one that is cut off */
	assert_int_equal(read_one(&packet, &wrong, bytes.at, bytes.len), 1);
	for (unsigned id = 1;; id++) {
		assert_int_equal(packet.id, id);
		if (id == 300)
			break;
		assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 1);
	}
	assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 0);
	mqtt_reader_put(&reader, "\x2d", 1);
	assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 1);
	assert_int_equal(packet.id, 301);
	text_free(&bytes);
}

/* Section 2.2.3: the least and the most of each count of bytes. */
static void reads_lengths(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		size_t rest;
	} rows[] = {
		{ B("\x7f"), 127 },
		{ B("\x80\x01"), 128 },
		{ B("\xff\x7f"), 16383 },
		{ B("\x80\x80\x01"), 16384 },
		{ B("\xff\xff\x7f"), 2097151 },
		{ B("\x80\x80\x80\x01"), 2097152 },
	};
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text bytes = { 0 };

		text_put(&bytes, "\x30", 1);
		text_put(&bytes, rows[i].bytes, rows[i].len);
		text_put(&bytes, "\x00\x01t", 3);
		while (bytes.len < 1 + rows[i].len + rows[i].rest)
			text_put(&bytes, "x", 1);
		mqtt_reader_free(&reader);
		reader = (struct mqtt_reader){ .limit = rows[i].rest };
		mqtt_reader_put(&reader, bytes.at, bytes.len - 1);
		assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 0);
		mqtt_reader_put(&reader, "x", 1);
		assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 1);
		assert_int_equal(packet.publish.payload.len, rows[i].rest - 3);
		text_free(&bytes);
	}
}

/* As soon as the length is known, not when all has come. */
static void refuses_what_is_too_large(void **state)
{
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	assert_int_equal(read_one(&packet, &wrong, B("\x30\xff\xff\xff\x7f")), -1);
	assert_non_null(strstr(wrong, "larger"));
	mqtt_reader_free(&reader);
	reader = (struct mqtt_reader){ .limit = 4 };
	mqtt_reader_put(&reader, B("\x30\x04\x00\x01tx"));
	assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 1);
	mqtt_reader_put(&reader, B("\x30\x05"));
	assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), -1);
}

/* The first byte of another protocol is enough: a request of HTTP, TLS's hello. */
static void refuses_at_the_first_byte(void **state)
{
	struct mqtt_packet packet;
	const char *wrong;

	(void)state;
	assert_int_equal(read_one(&packet, &wrong, B("G")), -1);
	assert_int_equal(read_one(&packet, &wrong, B("\x16")), -1);
}

static void keeps_no_room_while_idle(void **state)
{
	struct mqtt_packet packet;
	struct text bytes = { 0 };
	const char *wrong;

	(void)state;
	text_put(&bytes, B("\x30\xa0\x9c\x01\x00\x01t"));
	while (bytes.len < 20004)
		text_put(&bytes, "x", 1);
	assert_int_equal(read_one(&packet, &wrong, bytes.at, bytes.len), 1);
	assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 0);
	assert_null(reader.bytes.at);
	mqtt_reader_put(&reader, B("\xc0\x00"));
	assert_int_equal(mqtt_reader_next(&reader, &packet, &wrong), 1);
	text_free(&bytes);
}

/* -- writing ------------------------------------------------------------------------- */

static void wrote(struct text *text, const char *bytes, size_t len)
{
	assert_int_equal(text->len, len);
	assert_memory_equal(text->at, bytes, len);
	text_free(text);
}

static void writes_the_small_ones(void **state)
{
	static const uint8_t codes[] = { 1, 0, 0x80 };
	struct text text = { 0 };

	(void)state;
	mqtt_write_connack(&text, MQTT_ACCEPTED, false);
	wrote(&text, B("\x20\x02\x00\x00"));
	mqtt_write_connack(&text, MQTT_ACCEPTED, true);
	wrote(&text, B("\x20\x02\x01\x00"));
	mqtt_write_connack(&text, MQTT_NOT_AUTHORIZED, true); /* [MQTT-3.2.2-4] */
	wrote(&text, B("\x20\x02\x00\x05"));
	mqtt_write_ack(&text, MQTT_PUBACK, 0x1234);
	wrote(&text, B("\x40\x02\x12\x34"));
	mqtt_write_ack(&text, MQTT_UNSUBACK, 1);
	wrote(&text, B("\xb0\x02\x00\x01"));
	mqtt_write_suback(&text, 10, codes, 3);
	wrote(&text, B("\x90\x05\x00\x0a\x01\x00\x80"));
	mqtt_write_pingresp(&text);
	wrote(&text, B("\xd0\x00"));
}

static void writes_publish(void **state)
{
	struct mqtt_publish publish = { .topic = { "a/b", 3 }, .payload = { "xy", 2 } };
	struct text text = { 0 };

	(void)state;
	assert_true(mqtt_write_publish(&text, &publish));
	wrote(&text, B("\x30\x07\x00\x03"
		       "a/bxy"));
	publish.qos = 1;
	publish.id = 0x0102;
	publish.dup = true;
	publish.payload = (struct mqtt_bytes){ NULL, 0 };
	assert_true(mqtt_write_publish(&text, &publish));
	wrote(&text, B("\x3a\x07\x00\x03"
		       "a/b\x01\x02"));
}

static void writes_lengths_of_many_bytes(void **state)
{
	static char payload[2097152];
	static const struct {
		size_t rest;
		const char *bytes;
		size_t len;
	} rows[] = {
		{ 127, B("\x7f") },
		{ 128, B("\x80\x01") },
		{ 16383, B("\xff\x7f") },
		{ 16384, B("\x80\x80\x01") },
		{ 2097152, B("\x80\x80\x80\x01") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mqtt_publish publish = {
			.topic = { "t", 1 }, .payload = { payload, rows[i].rest - 3 }
		};
		struct text text = { 0 };

		assert_true(mqtt_write_publish(&text, &publish));
		assert_int_equal(text.len, 1 + rows[i].len + rows[i].rest);
		assert_memory_equal(text.at + 1, rows[i].bytes, rows[i].len);
		text_free(&text);
	}
}

/* The bag of properties can make a topic longer than its length can say. */
static void writes_no_topic_that_is_too_long(void **state)
{
	static char topic[MQTT_TEXT_MAX + 1];
	struct mqtt_publish publish = { .topic = { topic, MQTT_TEXT_MAX + 1 } };
	struct text text = { 0 };

	(void)state;
	assert_false(mqtt_write_publish(&text, &publish));
	assert_int_equal(text.len, 0);
	publish.topic.len--;
	assert_true(mqtt_write_publish(&text, &publish));
	text_free(&text);
}

#define TEST(name) cmocka_unit_test_teardown(name, free_reader)

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
		TEST(reads_byte_by_byte),
		TEST(reads_many_at_once),
		TEST(reads_lengths),
		TEST(refuses_what_is_too_large),
		TEST(refuses_at_the_first_byte),
		TEST(keeps_no_room_while_idle),
		TEST(writes_the_small_ones),
		TEST(writes_publish),
		TEST(writes_lengths_of_many_bytes),
		TEST(writes_no_topic_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
