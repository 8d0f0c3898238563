#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "bag.h"

static const char *parse(struct bag *bag, const char *text)
{
	return bag_parse(bag, text, strlen(text));
}

static void has(const struct bag *bag, size_t i, enum bag_system system, const char *key,
		const char *value)
{
	assert_true(i < bag->count);
	assert_int_equal(bag->list[i].system, system);
	assert_string_equal(bag->list[i].key, key);
	if (value)
		assert_string_equal(bag->list[i].value, value);
	else
		assert_null(bag->list[i].value);
}

/* As azure-iot-device-mqtt 1.16.4 sends it. */
static void reads_what_the_sdk_sends(void **state)
{
	struct bag bag;

	(void)state;
	assert_null(parse(&bag, "%24.mid=id1&%24.ct=application%2Fjson&%24.ce=utf-8&"
				"k%20%C3%A9=v%3D1%262"));
	assert_int_equal(bag.count, 4);
	has(&bag, 0, BAG_MESSAGE_ID, "$.mid", "id1");
	has(&bag, 1, BAG_CONTENT_TYPE, "$.ct", "application/json");
	has(&bag, 2, BAG_CONTENT_ENCODING, "$.ce", "utf-8");
	has(&bag, 3, BAG_APPLICATION, "k \xc3\xa9", "v=1&2");
	assert_ptr_equal(bag_find(&bag, BAG_CONTENT_TYPE), &bag.list[1]);
	assert_null(bag_find(&bag, BAG_TO));
	bag_free(&bag);
}

static void knows_the_keys_of_the_system(void **state)
{
	static const struct {
		const char *text;
		enum bag_system system;
	} rows[] = {
		{ "$.mid=x", BAG_MESSAGE_ID },      { "%24.mid=x", BAG_MESSAGE_ID },
		{ "%24%2Emid=x", BAG_MESSAGE_ID },  { "$.cid=x", BAG_CORRELATION_ID },
		{ "$.uid=x", BAG_USER_ID },         { "$.to=x", BAG_TO },
		{ "$.exp=x", BAG_EXPIRY },          { "$.ct=x", BAG_CONTENT_TYPE },
		{ "$.ce=x", BAG_CONTENT_ENCODING }, { "$.sub=x", BAG_SUBJECT },
		{ "$.on=x", BAG_OUTPUT_NAME },      { "$.ifid=x", BAG_INTERFACE_ID },
		{ "$.ctime=x", BAG_CREATION_TIME }, { "$.other=x", BAG_APPLICATION },
		{ "mid=x", BAG_APPLICATION },       { "$.MID=x", BAG_APPLICATION },
		{ "%2524.mid=x", BAG_APPLICATION }, /* encoded twice */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bag bag;

		assert_null(parse(&bag, rows[i].text));
		assert_int_equal(bag.count, 1);
		assert_int_equal(bag.list[0].system, rows[i].system);
		if (rows[i].system != BAG_APPLICATION)
			assert_string_equal(bag.list[0].key, bag_key(rows[i].system));
		bag_free(&bag);
	}
}

static void tells_null_from_empty(void **state)
{
	struct bag bag;

	(void)state;
	assert_null(parse(&bag, "none&empty=&two=a=b"));
	assert_int_equal(bag.count, 3);
	has(&bag, 0, BAG_APPLICATION, "none", NULL);
	has(&bag, 1, BAG_APPLICATION, "empty", "");
	has(&bag, 2, BAG_APPLICATION, "two", "a=b");
	bag_free(&bag);
}

static void passes_over_empty_pairs(void **state)
{
	static const char *const texts[] = { "", "&", "&&&" };
	struct bag bag;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_null(parse(&bag, texts[i]));
		assert_int_equal(bag.count, 0);
		bag_free(&bag);
	}
	assert_null(parse(&bag, "&a=1&&b=2&"));
	assert_int_equal(bag.count, 2);
	has(&bag, 1, BAG_APPLICATION, "b", "2");
	bag_free(&bag);
}

static void last_of_a_key_counts(void **state)
{
	struct bag bag;

	(void)state;
	assert_null(parse(&bag, "a=1&$.mid=x&a=2&%24.mid=y"));
	assert_int_equal(bag.count, 2);
	has(&bag, 0, BAG_APPLICATION, "a", "2");
	has(&bag, 1, BAG_MESSAGE_ID, "$.mid", "y");
	bag_free(&bag);
}

static void refuses_what_is_none(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} rows[] = {
		{ "=v", "no name" },
		{ "a=1&=", "no name" },
		{ "a=%4", "percent-encoded" },
		{ "%zz=1", "percent-encoded" },
		{ "a=b%00c", "percent-encoded" },
		{ "a=%ff", "UTF-8" },
		{ "%ED%A0%80=1", "UTF-8" }, /* a surrogate */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bag bag;
		const char *wrong = parse(&bag, rows[i].text);

		assert_non_null(wrong);
		assert_non_null(strstr(wrong, rows[i].why));
		assert_int_equal(bag.count, 0);
		assert_null(bag.bytes);
	}
}

static void has_a_limit(void **state)
{
	struct text text = { 0 };
	struct bag bag;

	(void)state;
	for (int i = 0; i < BAG_MAX; i++)
		text_add(&text, "k%d=%d&", i, i);
	assert_null(bag_parse(&bag, text.at, text.len));
	assert_int_equal(bag.count, BAG_MAX);
	bag_free(&bag);
	text_add(&text, "more");
	assert_non_null(strstr(bag_parse(&bag, text.at, text.len), "more"));
	text_free(&text);
	for (int i = 0; i <= BAG_MAX; i++)
		text_put(&text, "&", 1); /* of nothing there is no limit */
	assert_null(bag_parse(&bag, text.at, text.len));
	text_free(&text);
}

/* What the SDK takes for a cloud-to-device message with its acknowledgement asked for. */
static void writes_what_the_hub_sends(void **state)
{
	static const struct bag_property list[] = {
		{ BAG_MESSAGE_ID, "$.mid", "m1" },
		{ BAG_TO, "$.to", "/devices/dev1/messages/devicebound" },
		{ BAG_APPLICATION, "iothub-ack", "full" },
		{ BAG_APPLICATION, "p1", "v1" },
		{ BAG_APPLICATION, "none", NULL },
		{ BAG_APPLICATION, "k \xc3\xa9", "" },
	};
	struct text text = { 0 };
	struct bag bag;

	(void)state;
	bag_write(&text, list, 6);
	assert_string_equal(text.at, "%24.mid=m1&%24.to=%2Fdevices%2Fdev1%2Fmessages%2F"
				     "devicebound&iothub-ack=full&p1=v1&none&"
				     "k%20%C3%A9=");
	assert_null(bag_parse(&bag, text.at, text.len));
	assert_int_equal(bag.count, 6);
	for (size_t i = 0; i < bag.count; i++)
		has(&bag, i, list[i].system, list[i].key, list[i].value);
	bag_free(&bag);
	text_free(&text);
	bag_write(&text, list, 0);
	assert_int_equal(text.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_sdk_sends),
		cmocka_unit_test(knows_the_keys_of_the_system),
		cmocka_unit_test(tells_null_from_empty),
		cmocka_unit_test(passes_over_empty_pairs),
		cmocka_unit_test(last_of_a_key_counts),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(has_a_limit),
		cmocka_unit_test(writes_what_the_hub_sends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
