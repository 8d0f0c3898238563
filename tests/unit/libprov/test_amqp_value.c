/* AMQP's encoding, by the examples and tables of [AMQP] 1.2 and 1.6. */
#include "prov_test.h"

#include "amqp_event.h"

static struct amqp_span span(const char *bytes, size_t len)
{
	const uint8_t *at = (const uint8_t *)bytes;

	return (struct amqp_span){ at, at + len };
}
#define SPAN(literal) span(literal, sizeof(literal) - 1)

static const struct {
	const char *bytes;
	size_t len;
	enum prov_value_type type;
	int64_t number;
} numbers[] = {
	{ "\x40", 1, PROV_VALUE_NULL, 0 },
	{ "\x41", 1, PROV_VALUE_BOOL, 1 },
	{ "\x42", 1, PROV_VALUE_BOOL, 0 },
	{ "\x56\x01", 2, PROV_VALUE_BOOL, 1 },
	{ "\x43", 1, PROV_VALUE_UINT, 0 },
	{ "\x44", 1, PROV_VALUE_UINT, 0 },
	{ "\x50\xff", 2, PROV_VALUE_UINT, 255 },
	{ "\x51\xff", 2, PROV_VALUE_INT, -1 },
	{ "\x52\x80", 2, PROV_VALUE_UINT, 128 },
	{ "\x54\x80", 2, PROV_VALUE_INT, -128 },
	{ "\x60\xff\xfe", 3, PROV_VALUE_UINT, 65534 },
	{ "\x61\xff\xfe", 3, PROV_VALUE_INT, -2 },
	{ "\x70\xff\xff\xff\xff", 5, PROV_VALUE_UINT, 4294967295 },
	{ "\x71\xff\xff\xff\xff", 5, PROV_VALUE_INT, -1 },
	{ "\x81\xff\xff\xff\xff\xff\xff\xff\xfd", 9, PROV_VALUE_INT, -3 },
	{ "\x83\x00\x00\x01\x9a\xb2\x0e\x5c\x00", 9, PROV_VALUE_TIME, 1763923876864 },
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		struct amqp_span in = span(numbers[i].bytes, numbers[i].len);
		struct amqp_value v;
		int64_t n = 0;

		assert_true(amqp_read(&in, &v));
		assert_ptr_equal(in.at, in.end);
		assert_int_equal(v.v.type, numbers[i].type);
		if (v.v.type == PROV_VALUE_BOOL)
			assert_int_equal(v.v.truth, numbers[i].number);
		else if (v.v.type != PROV_VALUE_NULL) {
			assert_true(amqp_number(&v.v, &n));
			assert_int_equal(n, numbers[i].number);
		}
		/* Each cut short is none. */
		for (size_t cut = 0; cut < numbers[i].len; cut++) {
			in = span(numbers[i].bytes, cut);
			assert_false(amqp_read(&in, &v));
		}
	}
}

static void test_reals(void **state)
{
	struct amqp_span in = SPAN("\x72\x3f\xc0\x00\x00\x82\xbf\xf8\0\0\0\0\0\0");
	struct amqp_value v;

	(void)state;
	assert_true(amqp_read(&in, &v));
	assert_true(v.v.type == PROV_VALUE_REAL && v.v.real == 1.5);
	assert_true(amqp_read(&in, &v));
	assert_true(v.v.type == PROV_VALUE_REAL && v.v.real == -1.5);
	assert_false(amqp_read(&in, &v));
}

/* Malformed, or of no type that there is. */
static const struct {
	const char *bytes;
	size_t len;
} refused[] = {
	{ "\x3f", 1 },         /* no constructor */
	{ "\xa1\x05hell", 6 }, /* a text that is cut short */
	{ "\xb1\xff\xff\xff\xff"
	  "a",
	  6 },                 /* longer than memory */
	{ "\xc0\x00\x00", 3 }, /* no room for its count */
	{ "\xc0\x01\x05", 3 }, /* a count without elements */
	{ "\xd0\0\0\0\x03\0\0\0\0", 9 },
	{ "\xe0\x02\x02\x40", 4 },     /* an array of nulls */
	{ "\x00\x53", 2 },             /* a descriptor and nothing */
	{ "\x00\x00\x53\x01\x40", 5 }, /* a described descriptor */
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct amqp_span in = span(refused[i].bytes, refused[i].len);
		struct amqp_value v;

		assert_false(amqp_read(&in, &v));
	}
}

/* { "partition_ids": array of "0", "1", "n": 7 } */
static void test_map(void **state)
{
	struct amqp_span in = SPAN("\xc1\x1d\x04\xa1\x0dpartition_ids\xe0\x06\x02\xa1\x01"
				   "0\x01"
				   "1\xa1\x01n\x54\x07");
	struct amqp_value map, ids, v;

	(void)state;
	assert_true(amqp_read(&in, &map));
	assert_ptr_equal(in.at, in.end);
	assert_true(amqp_lookup(map, "partition_ids", &ids));
	assert_true(amqp_next(&ids, &v) && amqp_is(&v.v, "0"));
	assert_true(amqp_next(&ids, &v) && amqp_is(&v.v, "1"));
	assert_false(amqp_next(&ids, &v));
	assert_true(amqp_lookup(map, "n", &v) && v.v.integer == 7);
	assert_false(amqp_lookup(map, "m", &v));
	assert_false(amqp_lookup(v, "n", &v));
}

/* What we write, we read. */
static void test_request(void **state)
{
	static const char *const pairs[] = { "operation", "READ", "name", "eh", NULL };
	const struct amqp_request r = { "$cbs", "own", "17", pairs, "secret" };
	uint8_t bytes[256];
	struct amqp_writer w = { .to = bytes, .room = sizeof(bytes) };
	struct amqp_message m;
	struct amqp_value v;

	(void)state;
	assert_true(amqp_request_write(&r, &w));
	assert_true(amqp_message_read((struct amqp_span){ bytes, bytes + w.n }, &m));
	assert_true(m.has_properties && m.has_application && m.has_value);
	assert_true(amqp_lookup(m.application, "operation", &v) && amqp_is(&v.v, "READ"));
	assert_true(amqp_is(&m.value.v, "secret"));
	assert_true(amqp_next(&m.properties, &v) && amqp_is(&v.v, "17"));
	assert_true(amqp_next(&m.properties, &v) && v.v.type == PROV_VALUE_NULL);
	assert_true(amqp_next(&m.properties, &v) && amqp_is(&v.v, "$cbs"));
	for (size_t room = 0; room < w.n; room++) {
		struct amqp_writer small = { .to = bytes, .room = room };

		assert_false(amqp_request_write(&r, &small));
	}
}

#define ANNOTATIONS                                                                      \
	"\x00\x53\x72\xc1\x5d\x08"                                                       \
	"\xa3\x15x-opt-sequence-number\x55\x29"                                          \
	"\xa3\x0cx-opt-offset\xa1\x04"                                                   \
	"4096"                                                                           \
	"\xa3\x0bx-opt-other\x41"                                                        \
	"\xa3\x1biothub-connection-device-id\xa1\x02"                                    \
	"d1"
#define PROPERTIES                                                                       \
	"\x00\x53\x73\xc0\x1d\x08\x98\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"   \
	"\x0c\x0d\x0e\x0f\xa0\x02me\x40\x40\x40\x53\x07\x40\x40"
#define APPLICATION                                                                      \
	"\x00\x53\x74\xc1\x08\x02\xa1\x01k\xa1\x02"                                      \
	"v1"
#define DATA_A "\x00\x53\x75\xa0\x02hi"
#define DATA_B "\x00\x53\x75\xa0\x03 yo"

static bool same(struct prov_bytes bytes, const char *text)
{
	return bytes.len == strlen(text) && memcmp(bytes.at, text, bytes.len) == 0;
}

static void test_event(void **state)
{
	struct amqp_event_room room = { .named = NULL };
	struct prov_event e;

	(void)state;
	assert_int_equal(amqp_event_read(SPAN(ANNOTATIONS PROPERTIES APPLICATION DATA_A),
					 &room, &e),
			 AMQP_EVENT_OK);
	assert_true(same(e.device, "d1") && same(e.offset, "4096"));
	assert_int_equal(e.sequence, 41);
	assert_int_equal(e.partition, -1);
	assert_null(e.module.at);
	assert_true(same(e.message_id, "00010203-0405-0607-0809-0a0b0c0d0e0f"));
	assert_true(same(e.user_id, "me") && same(e.correlation_id, "7"));
	assert_null(e.content_type.at);
	assert_int_equal(e.n_annotations, 4);
	assert_int_equal(e.n_properties, 1);
	assert_true(same(e.properties[0].name, "k") &&
		    same(e.properties[0].value.bytes, "v1"));
	assert_true(same(e.body, "hi"));

	assert_int_equal(amqp_event_read(SPAN(DATA_A DATA_B), &room, &e), AMQP_EVENT_OK);
	assert_true(same(e.body, "hi yo"));
	assert_int_equal(e.sequence, -1);
	assert_int_equal(e.n_annotations + e.n_properties, 0);

	assert_int_equal(amqp_event_read(SPAN(""), &room, &e), AMQP_EVENT_OK);
	assert_true(e.body.at && e.body.len == 0);
	assert_int_equal(amqp_event_read(SPAN("\xa1\x01x"), &room, &e),
			 AMQP_EVENT_MALFORMED);
	amqp_event_room_clear(&room);
}

/* What is written can be read; the property of the feedback is one of the hub's own. */
static void test_message(void **state)
{
	static const struct prov_property properties[] = { { "a", "b" }, { "c", "" } };
	const struct amqp_outgoing m = { .to = "/devices/d/messages/devicebound",
					 .message_id = "m1",
					 .content_type = "text/plain",
					 .expires_ms = 1763923876864,
					 .ack = "full",
					 .properties = properties,
					 .n_properties = 2,
					 .body = "hi\0yo",
					 .len = 5 };
	static const char *const want[] = {
		"m1",         NULL, "/devices/d/messages/devicebound", NULL, NULL, NULL,
		"text/plain", NULL
	};
	uint8_t bytes[512];
	struct amqp_writer w = { .to = bytes, .room = sizeof(bytes) };
	struct amqp_message got;
	struct amqp_value v;

	(void)state;
	assert_true(amqp_message_write(&m, &w));
	assert_true(amqp_message_read((struct amqp_span){ bytes, bytes + w.n }, &got));
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(amqp_next(&got.properties, &v));
		if (want[i])
			assert_true(amqp_is(&v.v, want[i]));
		else
			assert_int_equal(v.v.type, PROV_VALUE_NULL);
	}
	assert_true(amqp_next(&got.properties, &v));
	assert_int_equal(v.v.type, PROV_VALUE_TIME);
	assert_int_equal(v.v.integer, 1763923876864);
	assert_true(amqp_lookup(got.application, "iothub-ack", &v));
	assert_true(amqp_is(&v.v, "full"));
	assert_true(amqp_lookup(got.application, "c", &v));
	assert_true(amqp_is(&v.v, ""));
	assert_int_equal(got.data.len, 5);
	assert_memory_equal(got.data.at, "hi\0yo", 5);
	for (size_t room = 0; room < w.n; room++) {
		struct amqp_writer small = { .to = bytes, .room = room };

		assert_false(amqp_message_write(&m, &small));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_reals),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_map),
		cmocka_unit_test(test_request), cmocka_unit_test(test_event),
		cmocka_unit_test(test_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
