/* The stream of packets: in whatever pieces it comes, and as it is written. */
#include "one_reader.h"

/* -- reading ------------------------------------------------------------------------- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
