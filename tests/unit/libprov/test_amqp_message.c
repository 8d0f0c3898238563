/*
 * Messages of AMQP out of bytes, by the tables of [AMQP] 1.6 and 3.2, and what is written
 * of them, which proton's own reading judges.
 */
#include "prov_test.h"

#include "amqp_event.h"

#include <proton/codec.h>
#include <proton/message.h>

#define VALUE "\x00\x53\x77"

static struct amqp_codec *codec;
static struct amqp_message got;

static int open_codec(void **state)
{
	(void)state;
	codec = amqp_codec_new();
	return codec ? 0 : -1;
}

static int close_codec(void **state)
{
	(void)state;
	amqp_codec_free(codec);
	return 0;
}

/* In memory of their own, which what was read does not point into. */
static enum amqp_reading read_bytes(const char *bytes, size_t len)
{
	enum amqp_reading rc;
	char *own = malloc(len + !len);

	assert_non_null(own);
	memcpy(own, bytes, len);
	rc = amqp_message_read(codec, (struct prov_bytes){ own, len }, &got);
	memset(own, 0xee, len);
	free(own);
	return rc;
}
#define READ(literal) read_bytes(literal, sizeof(literal) - 1)

static enum amqp_reading read_value(const char *bytes, size_t len)
{
	char section[64] = VALUE;

	assert_true(len <= sizeof(section) - 3);
	memcpy(section + 3, bytes, len);
	return read_bytes(section, len + 3);
}

static bool same(struct prov_bytes bytes, const char *text)
{
	return bytes.at && bytes.len == strlen(text) &&
	       memcmp(bytes.at, text, bytes.len) == 0;
}

static bool is_text(const struct prov_value *v, const char *text)
{
	return v->type == PROV_VALUE_TEXT && same(v->bytes, text);
}

/* -- values ------------------------------------------------------------------------------ */

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
	{ "\x53\x80", 2, PROV_VALUE_UINT, 128 },
	{ "\x54\x80", 2, PROV_VALUE_INT, -128 },
	{ "\x55\x80", 2, PROV_VALUE_INT, -128 },
	{ "\x60\xff\xfe", 3, PROV_VALUE_UINT, 65534 },
	{ "\x61\xff\xfe", 3, PROV_VALUE_INT, -2 },
	{ "\x70\xff\xff\xff\xff", 5, PROV_VALUE_UINT, 4294967295 },
	{ "\x71\xff\xff\xff\xff", 5, PROV_VALUE_INT, -1 },
	{ "\x73\x00\x01\xf6\x00", 5, PROV_VALUE_UINT, 0x1f600 },
	{ "\x80\x00\x00\x00\x00\x00\x00\x01\x00", 9, PROV_VALUE_UINT, 256 },
	{ "\x81\xff\xff\xff\xff\xff\xff\xff\xfd", 9, PROV_VALUE_INT, -3 },
	{ "\x83\x00\x00\x01\x9a\xb2\x0e\x5c\x00", 9, PROV_VALUE_TIME, 1763923876864 },
};

static void test_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		int64_t n = 0;

		assert_int_equal(read_value(numbers[i].bytes, numbers[i].len),
				 AMQP_READ_OK);
		assert_int_equal(got.body.type, numbers[i].type);
		if (got.body.type == PROV_VALUE_BOOL)
			assert_int_equal(got.body.truth, numbers[i].number);
		else if (got.body.type != PROV_VALUE_NULL) {
			assert_true(amqp_number(&got.body, &n));
			assert_int_equal(n, numbers[i].number);
		}
		/* Each cut short is none. */
		for (size_t cut = 0; cut < numbers[i].len; cut++)
			assert_int_equal(read_value(numbers[i].bytes, cut),
					 AMQP_READ_MALFORMED);
	}
}

static void test_no_number(void **state)
{
	int64_t n = 7;

	(void)state;
	assert_int_equal(READ(VALUE "\x80\xff\xff\xff\xff\xff\xff\xff\xff"),
			 AMQP_READ_OK);
	assert_true(got.body.natural == UINT64_MAX && !amqp_number(&got.body, &n));
	assert_int_equal(READ(VALUE "\xa1\x01\x35"), AMQP_READ_OK);
	assert_false(amqp_number(&got.body, &n));
	assert_int_equal(n, 7);
}

static void test_reals(void **state)
{
	(void)state;
	assert_int_equal(READ(VALUE "\x72\x3f\xc0\x00\x00"), AMQP_READ_OK);
	assert_true(got.body.type == PROV_VALUE_REAL && got.body.real == 1.5);
	assert_int_equal(READ(VALUE "\x82\xbf\xf8\0\0\0\0\0\0"), AMQP_READ_OK);
	assert_true(got.body.type == PROV_VALUE_REAL && got.body.real == -1.5);
}

static void test_bytes(void **state)
{
	(void)state;
	assert_int_equal(READ(VALUE "\xa1\x02hi"), AMQP_READ_OK);
	assert_true(is_text(&got.body, "hi"));
	assert_int_equal(READ(VALUE "\xb3\0\0\0\x02hi"), AMQP_READ_OK);
	assert_true(is_text(&got.body, "hi"));
	assert_int_equal(READ(VALUE "\xa1\x00"), AMQP_READ_OK);
	assert_true(is_text(&got.body, ""));
	assert_int_equal(READ(VALUE "\xb0\0\0\0\x02hi"), AMQP_READ_OK);
	assert_true(got.body.type == PROV_VALUE_BINARY && same(got.body.bytes, "hi"));
	assert_int_equal(READ(VALUE "\x98"
				    "0123456789abcdef"),
			 AMQP_READ_OK);
	assert_true(got.body.type == PROV_VALUE_UUID &&
		    same(got.body.bytes, "0123456789abcdef"));
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
	  6 },                          /* longer than memory */
	{ "\xc0\x00\x00", 3 },          /* no room for its count */
	{ "\xc0\x01\x05", 3 },          /* a count without elements */
	{ "\xc1\x04\x02\xa1\x01k", 6 }, /* a key without a value */
	{ "\xd0\0\0\0\x03\0\0\0\0", 9 },
	{ "\x00\x53", 2 },             /* a descriptor and nothing */
	{ "\x00\x00\x53\x01\x40", 5 }, /* a described descriptor */
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++)
		assert_int_equal(read_value(refused[i].bytes, refused[i].len),
				 AMQP_READ_MALFORMED);
	/* What is no section, and a piece of a body that is no bytes. */
	assert_int_equal(READ("\xa1\x01x"), AMQP_READ_MALFORMED);
	assert_int_equal(READ("\x00\x53\x75\xa0\x01x\x40"), AMQP_READ_MALFORMED);
	assert_int_equal(READ("\x00\x53\x75\xa1\x01x"), AMQP_READ_MALFORMED);
	/* And the next one is read as ever. */
	assert_int_equal(READ("\x00\x53\x75\xa0\x01x"), AMQP_READ_OK);
	assert_true(same(got.body.bytes, "x"));
}

struct texts {
	char all[64];
	size_t most;
};

static bool add(void *ctx, struct prov_bytes text)
{
	struct texts *t = ctx;

	strncat(t->all, text.at, text.len);
	strcat(t->all, ",");
	return --t->most > 0;
}

static void assert_texts(const struct prov_value *of, size_t most, const char *want)
{
	struct texts t = { .most = most };

	amqp_each_text(of, add, &t);
	assert_string_equal(t.all, want);
}

/* { "partition_ids": array of "0", "1", "n": 7, 3: "x", "l": list of 1, "a" } */
static void test_map(void **state)
{
	const struct prov_named *v;

	(void)state;
	assert_int_equal(READ(VALUE "\xc1\x2a\x08\xa1\x0dpartition_ids\xe0\x06\x02\xa1"
				    "\x01"
				    "0\x01"
				    "1\xa1\x01n\x54\x07\x54\x03\xa1\x01x\xa1\x01l\xc0\x06"
				    "\x02\x54\x01\xa1\x01"
				    "a"),
			 AMQP_READ_OK);
	assert_int_equal(got.map.n, 3);
	v = prov_named_find(got.map.at, got.map.n, "partition_ids");
	assert_non_null(v);
	assert_int_equal(v->value.type, PROV_VALUE_OTHER);
	assert_texts(&v->value, 9, "0,1,");
	assert_texts(&v->value, 1, "0,");
	v = prov_named_find(got.map.at, got.map.n, "n");
	assert_true(v && v->value.integer == 7);
	assert_texts(&v->value, 9, "");
	v = prov_named_find(got.map.at, got.map.n, "l");
	assert_true(v && v->value.type == PROV_VALUE_OTHER);
	/* Encoded anew, which is a list of the longer form. */
	assert_int_equal(v->value.bytes.len, 14);
	assert_memory_equal(v->value.bytes.at,
			    "\xd0\0\0\0\x09\0\0\0\x02\x54\x01\xa1\x01"
			    "a",
			    14);
	assert_texts(&v->value, 9, "a,");
	assert_null(prov_named_find(got.map.at, got.map.n, "m"));
	assert_int_equal(READ(VALUE "\x45"), AMQP_READ_OK);
	assert_int_equal(got.body.type, PROV_VALUE_OTHER);
	assert_int_equal(got.map.n, 0);
}

/* A list where only an id can be, and what is behind it. */
static void test_fields(void **state)
{
	(void)state;
	assert_int_equal(READ("\x00\x53\x73\xc0\x0e\x03\xc0\x03\x01\x54\x05\xa0\x02me"
			      "\xa1\x02to"),
			 AMQP_READ_OK);
	assert_int_equal(got.fields[AMQP_MESSAGE_ID].type, PROV_VALUE_OTHER);
	assert_int_equal(got.fields[AMQP_MESSAGE_ID].bytes.len, 0);
	assert_true(same(got.fields[AMQP_USER_ID].bytes, "me"));
	assert_true(is_text(&got.fields[AMQP_TO], "to"));
	assert_int_equal(got.fields[AMQP_SUBJECT].type, PROV_VALUE_NULL);
}

/* -- an event ---------------------------------------------------------------------------- */

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

static void test_event(void **state)
{
	struct amqp_event_room room;
	struct prov_event e;

	(void)state;
	assert_int_equal(READ(ANNOTATIONS PROPERTIES APPLICATION DATA_A), AMQP_READ_OK);
	amqp_event_read(&got, &room, &e);
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

	assert_int_equal(READ(DATA_A DATA_B DATA_A), AMQP_READ_OK);
	amqp_event_read(&got, &room, &e);
	assert_true(same(e.body, "hi yohi"));
	assert_int_equal(e.sequence, -1);
	assert_int_equal(e.n_annotations + e.n_properties, 0);
	assert_null(e.message_id.at);

	assert_int_equal(READ(""), AMQP_READ_OK);
	amqp_event_read(&got, &room, &e);
	assert_true(e.body.at && e.body.len == 0);
}

/* Cut short anywhere but between its sections, it is none. */
static void test_cut(void **state)
{
	static const char bytes[] = ANNOTATIONS PROPERTIES APPLICATION DATA_A;
	size_t whole = 0;

	(void)state;
	for (size_t len = 0; len < sizeof(bytes); len++)
		whole += read_bytes(bytes, len) == AMQP_READ_OK;
	assert_int_equal(whole, 5);
}

/* -- into bytes -------------------------------------------------------------------------- */

static pn_message_t *judge(const struct amqp_outgoing *m)
{
	struct prov_bytes bytes = amqp_message_write(codec, m);
	pn_message_t *judged = pn_message();

	assert_true(bytes.at && judged);
	assert_int_equal(pn_message_decode(judged, bytes.at, bytes.len), 0);
	/* And we read what we write. */
	assert_int_equal(read_bytes(bytes.at, bytes.len), AMQP_READ_OK);
	amqp_message_wipe(codec);
	for (size_t i = 0; i < bytes.len; i++)
		assert_int_equal(bytes.at[i], 0);
	return judged;
}

static void test_request(void **state)
{
	static const struct prov_property properties[] = { { "operation", "READ" },
							   { "name", "eh" } };
	const struct amqp_outgoing request = { .to = "$cbs",
					       .reply_to = "own",
					       .message_id = "17",
					       .properties = properties,
					       .n_properties = 2,
					       .value = true,
					       .text = "secret" };
	const struct amqp_outgoing empty = { .value = true };
	pn_message_t *m = judge(&request);

	(void)state;
	assert_string_equal(pn_message_get_address(m), "$cbs");
	assert_string_equal(pn_message_get_reply_to(m), "own");
	assert_int_equal(pn_message_get_id(m).u.as_bytes.size, 2);
	assert_memory_equal(pn_message_get_id(m).u.as_bytes.start, "17", 2);
	assert_false(pn_message_is_inferred(m));
	assert_true(is_text(&got.body, "secret"));
	assert_true(is_text(&got.fields[AMQP_MESSAGE_ID], "17"));
	assert_int_equal(got.fields[AMQP_USER_ID].type, PROV_VALUE_NULL);
	assert_int_equal(got.properties.n, 2);
	assert_true(is_text(&got.properties.at[0].value, "READ"));
	pn_message_free(m);
	m = judge(&empty);
	assert_int_equal(got.body.type, PROV_VALUE_NULL);
	assert_int_equal(got.properties.n, 0);
	pn_message_free(m);
}

/* The property of the feedback is one of the hub's own. */
static void test_message(void **state)
{
	static const struct prov_property properties[] = { { "a", "b" },
							   { "c", "" },
							   { "d", NULL } };
	const struct amqp_outgoing out = { .to = "/devices/d/messages/devicebound",
					   .message_id = "m1",
					   .content_type = "text/plain",
					   .expires_ms = 1763923876864,
					   .ack = "full",
					   .properties = properties,
					   .n_properties = 3,
					   .body = "hi\0yo",
					   .len = 5 };
	pn_message_t *m = judge(&out);

	(void)state;
	assert_string_equal(pn_message_get_address(m), out.to);
	assert_string_equal(pn_message_get_content_type(m), "text/plain");
	assert_null(pn_message_get_content_encoding(m));
	assert_int_equal(pn_message_get_correlation_id(m).type, PN_NULL);
	assert_int_equal(pn_message_get_expiry_time(m), 1763923876864);
	assert_true(pn_message_is_inferred(m));
	assert_int_equal(got.properties.n, 4);
	assert_true(is_text(&got.properties.at[1].value, ""));
	assert_int_equal(got.properties.at[2].value.type, PROV_VALUE_NULL);
	assert_true(same(got.properties.at[3].name, "iothub-ack") &&
		    is_text(&got.properties.at[3].value, "full"));
	assert_int_equal(got.body.type, PROV_VALUE_BINARY);
	assert_int_equal(got.body.bytes.len, 5);
	assert_memory_equal(got.body.bytes.at, "hi\0yo", 5);
	pn_message_free(m);
}

/* More than there was room for, and nothing at all. */
static void test_sizes(void **state)
{
	static char body[70000];
	static const size_t sizes[] = { 0, 1, 255, 256, 4080, 4096, 65536, 70000, 3 };

	(void)state;
	memset(body, 'x', sizeof(body));
	for (size_t i = 0; i < COUNT(sizes); i++) {
		const struct amqp_outgoing out = { .body = sizes[i] ? body : NULL,
						   .len = sizes[i] };

		pn_message_free(judge(&out));
		assert_int_equal(got.body.type, PROV_VALUE_BINARY);
		assert_int_equal(got.body.bytes.len, sizes[i]);
		assert_memory_equal(got.body.bytes.at, body, sizes[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_no_number),
		cmocka_unit_test(test_reals),   cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_map),
		cmocka_unit_test(test_fields),  cmocka_unit_test(test_event),
		cmocka_unit_test(test_cut),     cmocka_unit_test(test_request),
		cmocka_unit_test(test_message), cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, open_codec, close_codec);
}
