/* Events as lines, and what they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event_filter.h"
#include "event_line.h"
#include "when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BYTES(literal)                                                                   \
	{                                                                                \
		literal, sizeof(literal) - 1                                             \
	}

static void assert_lines(struct lines *l, const char *want)
{
	assert_false(l->failed);
	if (l->n != strlen(want) || memcmp(l->at, want, l->n) != 0)
		print_error("has  %.*s\nwant %s\n", (int)l->n, l->at, want);
	assert_int_equal(l->n, strlen(want));
	assert_memory_equal(l->at, want, l->n);
	lines_free(l);
}

/* RFC 8259: what is JSON, and how it looks without blanks. NULL: it is none. */
static const struct {
	const char *text, *want;
} json[] = {
	{ "{}", "{}" },
	{ " [ 1 , -0.50e+07 , { \"a\" : [ ] } ] ", "[1,-0.50e+07,{\"a\":[]}]" },
	{ "{\"a\" : \"b \\\" \\u00e9\" ,\n\"a\":null}",
	  "{\"a\":\"b \\\" \\u00e9\",\"a\":null}" },
	{ "12345678901234567890", "12345678901234567890" },
	{ "true", "true" },
	{ "\"gr\xc3\xbc\xc3\x9f\x65\"", "\"gr\xc3\xbc\xc3\x9f\x65\"" },
	{ "\"\xc2\x9b\"", "\"\\u009b\"" },
	{ "\"\x7f\"", "\"\\u007f\"" },
	{ "", NULL },
	{ "{", NULL },
	{ "[1,]", NULL },
	{ "{\"a\":1,}", NULL },
	{ "{\"a\"}", NULL },
	{ "{1:2}", NULL },
	{ "[1 2]", NULL },
	{ "[1]]", NULL },
	{ "[}", NULL },
	{ "01", NULL },
	{ "1.", NULL },
	{ "1e", NULL },
	{ "-", NULL },
	{ "+1", NULL },
	{ "nul", NULL },
	{ "NaN", NULL },
	{ "'a'", NULL },
	{ "\"a", NULL },
	{ "\"\\x\"", NULL },
	{ "\"\\u12\"", NULL },
	{ "\"\\uD83D\\ude00\"", "\"\\uD83D\\ude00\"" },
	{ "\"\\ud83d\"", NULL }, /* half a character, which jq stops at */
	{ "\"\\ud83d.\\ude00\"", NULL },
	{ "\"\\ud83d\\u0041\"", NULL },
	{ "\"\\ud83d\\ud83d\"", NULL },
	{ "\"\\ude00\"", NULL },
	{ "\"a\nb\"", NULL },
	{ "\"\xff\"", NULL },
	{ "\"\xc3\"", NULL },
	{ "{} {}", NULL },
};

static void test_json(void **state)
{
	char deep[301];

	(void)state;
	for (size_t i = 0; i < COUNT(json); i++) {
		struct lines l = { .n = 0 };
		bool good;

		lines_char(&l, '>');
		good = lines_json(&l, json[i].text, strlen(json[i].text));
		assert_int_equal(good, json[i].want != NULL);
		lines_char(&l, '<');
		if (!good) {
			assert_lines(&l, "><");
			continue;
		}
		assert_int_equal(l.n, strlen(json[i].want) + 2);
		assert_memory_equal(l.at + 1, json[i].want, l.n - 2);
		lines_free(&l);
	}
	/* A zero byte is no blank, and depth has an end. */
	memset(deep, '[', 150);
	memset(deep + 150, ']', 150);
	for (size_t depth = 98; depth <= 102; depth++) {
		struct lines l = { .n = 0 };

		assert_int_equal(lines_json(&l, deep + 150 - depth, 2 * depth),
				 depth <= 100);
		lines_free(&l);
	}
}

static void test_pieces(void **state)
{
	static const int64_t numbers[] = { 0, -1, INT64_MAX, INT64_MIN };
	struct lines l = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		lines_integer(&l, numbers[i]);
		lines_char(&l, ' ');
	}
	assert_lines(&l, "0 -1 9223372036854775807 -9223372036854775808 ");
	lines_time(&l, 1763898579968);
	lines_time(&l, 1763898579001);
	lines_time(&l, -1);
	assert_lines(&l, "2025-11-23T11:49:39.968Z2025-11-23T11:49:39.001Z"
			 "1969-12-31T23:59:59.999Z");
	/* RFC 4648, 10 */
	lines_base64(&l, "f", 1);
	lines_base64(&l, "fo", 2);
	lines_base64(&l, "foo", 3);
	lines_base64(&l, "foob", 4);
	assert_lines(&l, "Zg==Zm8=Zm9vZm9vYg==");
	lines_json_text(&l, "a\"\\\n\0\xff\xc3\xa9\xe2\x82", 10);
	assert_lines(&l, "\"a\\\"\\\\\\n\\u0000?\xc3\xa9??\"");
}

static const struct prov_named properties[] = {
	{ BYTES("k"), { .type = PROV_VALUE_TEXT, .bytes = BYTES("v \x1b") } },
	{ BYTES("n"), { .type = PROV_VALUE_INT, .integer = -5 } },
	{ BYTES("u"), { .type = PROV_VALUE_UINT, .natural = UINT64_MAX } },
	{ BYTES("r"), { .type = PROV_VALUE_REAL, .real = 0.5 } },
	{ BYTES("b"), { .type = PROV_VALUE_BOOL, .truth = true } },
	{ BYTES("t"), { .type = PROV_VALUE_TIME, .integer = 1000 } },
	{ BYTES("x"), { .type = PROV_VALUE_BINARY, .bytes = BYTES("\x01\xff") } },
	{ BYTES("z"), { .type = PROV_VALUE_NULL } },
	{ BYTES("i"), { .type = PROV_VALUE_UUID, .bytes = BYTES("0123456789abcdef") } },
	{ BYTES("o"), { .type = PROV_VALUE_OTHER, .bytes = BYTES("\x45") } },
};

static void test_event(void **state)
{
	struct prov_event e = { .device = BYTES("d1"),
				.module = BYTES("m"),
				.body = BYTES("\x80"),
				.message_id = BYTES("1"),
				.partition = 3,
				.sequence = 7,
				.properties = properties,
				.n_properties = COUNT(properties) };
	struct prov_event bare = { .partition = -1, .sequence = -1, .body = BYTES("") };
	struct lines l = { .n = 0 };

	(void)state;
	event_line(&l, &e, true);
	assert_lines(&l, "1970-01-01T00:00:00.000Z d1/m 0x80 message_id=1 k=v \\x1b n=-5 "
			 "u=18446744073709551615 r=0.5 b=true t=1970-01-01T00:00:01.000Z "
			 "x=0x01ff z= i=30313233-3435-3637-3839-616263646566 o=0x45\n");
	event_json(&l, &e);
	assert_lines(&l,
		     "{\"time\":\"1970-01-01T00:00:00.000Z\",\"device\":\"d1\","
		     "\"module\":\"m\",\"partition\":3,\"sequence\":7,"
		     "\"message_id\":\"1\",\"properties\":{\"k\":\"v \\u001b\",\"n\":-5,"
		     "\"u\":18446744073709551615,\"r\":0.5,\"b\":true,"
		     "\"t\":\"1970-01-01T00:00:01.000Z\",\"x\":\"Af8=\",\"z\":null,"
		     "\"i\":\"30313233-3435-3637-3839-616263646566\",\"o\":\"RQ==\"},"
		     "\"annotations\":{},\"body\":\"gA==\",\"body_type\":\"base64\"}\n");
	event_line(&l, &bare, true);
	assert_lines(&l, "1970-01-01T00:00:00.000Z -\n");
	event_json(&l, &bare);
	assert_lines(&l, "{\"time\":\"1970-01-01T00:00:00.000Z\",\"properties\":{},"
			 "\"annotations\":{},\"body\":\"\",\"body_type\":\"text\"}\n");
}

/* What a body is, by its type and by itself. */
static const struct {
	const char *type, *body, *want;
} bodies[] = {
	{ NULL, "{\"a\": 1}", "{\"a\":1}" },
	{ NULL, " [1]", "[1]" },
	{ NULL, "1", "\"1\"" },
	{ NULL, "{\"a\"", "\"{\\\"a\\\"\"" },
	{ "application/json", "1", "1" },
	{ "Application/JSON; charset=utf-8", "1", "1" },
	{ "application/cloudevents+json", "{}", "{}" },
	{ "text/plain", "{}", "\"{}\"" },
	{ "application/jsonl", "1", "\"1\"" },
	{ "application/json", "{", "\"{\"" },
};

static void test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++) {
		struct prov_event e = { .body = { bodies[i].body,
						  strlen(bodies[i].body) } };
		struct lines l = { .n = 0 };
		char want[64];

		if (bodies[i].type)
			e.content_type = (struct prov_bytes){ bodies[i].type,
							      strlen(bodies[i].type) };
		event_json(&l, &e);
		lines_char(&l, '\0');
		snprintf(want, sizeof(want), "\"body\":%s,\"body_type\"", bodies[i].want);
		assert_non_null(strstr(l.at, want));
		lines_free(&l);
	}
}

static const struct {
	const char *device, *module, *topic, *name;
	bool wanted;
} names[] = {
	{ "dev1", NULL, NULL, "dev1", true },
	{ "dev1", NULL, NULL, "dev", false },
	{ "dev1", NULL, NULL, "dev*", true },
	{ "dev1", NULL, NULL, "dev?", true },
	{ "dev1", NULL, NULL, "dev[2-9]", false },
	{ "dev1", "m", NULL, "dev1", true },
	{ "dev1", "m", NULL, "dev1/m", true },
	{ "dev1", "m", NULL, "*/n*", false },
	{ "dev1", NULL, NULL, "dev1/m", false },
	{ NULL, NULL, NULL, "*", false },
	{ "dev1", NULL, "a/dev1/b", "dev1", true },
	{ "dev1", NULL, "a/dev1/b", "a/*", false },
	{ NULL, NULL, "a/dev1/b", "a/*", true },
	{ NULL, NULL, "a/dev1/b", "b*", false },
};

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct prov_event e = { .partition = 0 };
		char *list[] = { (char *)"nobody", (char *)names[i].name };

		if (names[i].device)
			e.device = (struct prov_bytes){ names[i].device,
							strlen(names[i].device) };
		if (names[i].module)
			e.module = (struct prov_bytes){ names[i].module,
							strlen(names[i].module) };
		if (names[i].topic)
			e.topic = (struct prov_bytes){ names[i].topic,
						       strlen(names[i].topic) };
		assert_int_equal(event_from(&e, list, 2), names[i].wanted);
		assert_true(event_from(&e, NULL, 0));
	}
}

static bool is_first(struct seen *seen, const char *device, unsigned id)
{
	char text[16];
	struct prov_event e = { .device = { device, strlen(device) },
				.message_id = { text, 0 } };

	e.message_id.len = (size_t)snprintf(text, sizeof(text), "%u", id);
	return seen_first(seen, &e);
}

static void test_seen(void **state)
{
	struct prov_event nameless = { .device = BYTES("a") };
	struct seen *seen = seen_new();

	(void)state;
	assert_non_null(seen);
	assert_true(seen_first(seen, &nameless));
	assert_true(seen_first(seen, &nameless));
	assert_true(is_first(seen, "a", 11));
	assert_false(is_first(seen, "a", 11));
	assert_true(is_first(seen, "a1", 1));
	/* The last 65536 are known, whatever came before. */
	for (unsigned i = 100; i < 300000; i++) {
		assert_true(is_first(seen, "b", i));
		if (i >= 65635)
			assert_false(is_first(seen, "b", i - 65535));
	}
	seen_free(seen);
	seen_free(NULL);
}

#define NOW INT64_C(1763898579000)

static const struct {
	const char *text;
	int64_t want; /* -1: refused */
} moments[] = {
	{ "10m", NOW - 600000 },
	{ "90", NOW - 90000 },
	{ "2025-11-23T11:49:39Z", NOW },
	{ "2025-11-23T11:49:39.25Z", NOW + 250 },
	{ "2025-11-23T12:49:39+01:00", NOW },
	{ "2025-11-23 06:19:39-0530", NOW },
	{ "2025-11-23T11:49Z", NOW - 39000 },
	{ "2025-11-23", NOW - (11 * 3600 + 49 * 60 + 39) * 1000 }, /* TZ is UTC */
	{ "2024-02-29T00:00Z", 1709164800000 },
	{ "2025-02-29T00:00Z", -1 },
	{ "2025-11-23T", -1 },
	{ "2025-11-23T11", -1 },
	{ "2025-11-23T11:60Z", -1 },
	{ "2025-11-23T24:00Z", -1 },
	{ "2025-11-23T11:49:39.Z", -1 },
	{ "2025-11-23T11:49:39ZZ", -1 },
	{ "2025-11-23T11:49:39+1", -1 },
	{ "2025-11-23T11:49:39+01:00x", -1 },
	{ "2025-00-01", -1 },
	{ "25-11-23", -1 },
	{ "0s", -1 },
	{ "", -1 },
	{ "now", -1 },
};

static void test_moments(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < COUNT(moments); i++) {
		int64_t ms = -1;
		bool good = when_parse(moments[i].text, NOW, &ms);

		if (good != (moments[i].want >= 0) || (good && ms != moments[i].want))
			print_error("%s: %lld\n", moments[i].text, (long long)ms);
		assert_int_equal(good, moments[i].want >= 0);
		if (good)
			assert_int_equal(ms, moments[i].want);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),    cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_event),   cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_names),   cmocka_unit_test(test_seen),
		cmocka_unit_test(test_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
