#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "amqp/frames.h"
#include "amqp/place.h"

/* -- addresses ----------------------------------------------------------------------- */

static void finds_every_place(void **state)
{
	static const struct {
		const char *text;
		struct place place;
	} rows[] = {
		{ "$cbs", { .kind = PLACE_CBS } },
		{ "$management", { .kind = PLACE_MANAGEMENT } },
		{ "eh/$management", { .kind = PLACE_MANAGEMENT, .entity = "eh" } },
		{ "amqps://h:5671/eh/$management",
		  { .kind = PLACE_MANAGEMENT, .entity = "eh" } },
		{ "/messages/events", { .kind = PLACE_EVENTS } },
		{ "amqps://hub/messages/events/$management", { .kind = PLACE_EVENTS } },
		{ "/messages/devicebound", { .kind = PLACE_DEVICEBOUND } },
		{ "/messages/serviceBound/feedback", { .kind = PLACE_FEEDBACK } },
		{ "/messages/servicebound/feedback", { .kind = PLACE_FEEDBACK } },
		{ "/messages/serviceBound/filenotifications", { .kind = PLACE_FILES } },
		{ "eh/ConsumerGroups/$Default/Partitions/3",
		  { .kind = PLACE_PARTITION,
		    .entity = "eh",
		    .group = "$Default",
		    .partition = "3" } },
		{ "eh/consumergroups/%24Default/partitions/3",
		  { .kind = PLACE_PARTITION,
		    .entity = "eh",
		    .group = "$Default",
		    .partition = "3" } },
		{ "/devices/D 1/messages/events",
		  { .kind = PLACE_DEVICE_EVENTS, .device = "D 1" } },
		{ "/devices/a%2Fb/messages/devicebound",
		  { .kind = PLACE_DEVICE_MESSAGES, .device = "a/b" } },
		{ "/devices/d/modules/m/methods/devicebound",
		  { .kind = PLACE_DEVICE_METHODS, .device = "d", .module = "m" } },
		{ "/devices/d/twin", { .kind = PLACE_DEVICE_TWIN, .device = "d" } },
	};
	struct place place;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(place_parse(&place, rows[i].text));
		assert_int_equal(place.kind, rows[i].place.kind);
		assert_string_equal(place.entity, rows[i].place.entity);
		assert_string_equal(place.group, rows[i].place.group);
		assert_string_equal(place.partition, rows[i].place.partition);
		assert_string_equal(place.device, rows[i].place.device);
		assert_string_equal(place.module, rows[i].place.module);
	}
}

static void tells_what_is_below_events(void **state)
{
	struct place place;

	(void)state;
	assert_true(place_parse(&place, "/messages/events/$management"));
	assert_string_equal(place.rest, "/$management");
	assert_true(place_parse(&place, "messages/events"));
	assert_string_equal(place.rest, "");
}

static void knows_no_others(void **state)
{
	static const char *const rows[] = {
		"",
		"/",
		"messages",
		"messages/eventss",
		"/devices//messages/events",
		"/devices/d",
		"/devices/d/messages/events/more",
		"/devices/%zz/twin",
		"/devices/d/modules//twin",
		"eh/ConsumerGroups/g/Partitions/",
		"eh/ConsumerGroups/g/Partitions/123456789012",
	};
	struct place place;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_false(place_parse(&place, rows[i]));
}

static void splits_uris(void **state)
{
	const char *host;
	size_t len;

	(void)state;
	assert_string_equal(place_path("sb://h:5671/eh/x", &host, &len), "/eh/x");
	assert_int_equal(len, 6);
	assert_memory_equal(host, "h:5671", 6);
	assert_string_equal(place_path("h", &host, &len), "");
	assert_int_equal(len, 1);
}

/* -- frames -------------------------------------------------------------------------- */

/* A frame on channel 1 with a performative, and a byte of it. */
#define FRAME(code) "\0\0\0\x0c\x02\0\0\x01\0\x53" code "\xc0"
#define BEGIN       FRAME("\x11")
#define ATTACH      FRAME("\x12")
#define DISPOSITION FRAME("\x15")
#define END         FRAME("\x17")
/* The same on channel 0. */
#define OTHER "\0\0\0\x0c\x02\0\0\0\0\x53\x15\xc0"
/* Which says nothing, as peers do that are idle. */
#define EMPTY  "\0\0\0\x08\x02\0\0\0"
#define HEADER "AMQP\0\1\0\0"

#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *in;
	size_t in_len;
	const char *out;
	size_t out_len;
} streams[] = {
	{ BYTES(HEADER BEGIN ATTACH DISPOSITION),
	  BYTES(HEADER BEGIN ATTACH DISPOSITION) },
	{ BYTES(HEADER BEGIN END DISPOSITION OTHER), BYTES(HEADER BEGIN END OTHER) },
	{ BYTES(BEGIN END DISPOSITION BEGIN DISPOSITION),
	  BYTES(BEGIN END BEGIN DISPOSITION) },
	{ BYTES(END EMPTY ATTACH EMPTY), BYTES(END EMPTY EMPTY) },
	{ BYTES(END END), BYTES(END) },
	{ BYTES("\0\0\0\1\0\0\0\1"), BYTES("\0\0\0\1\0\0\0\1") },
};

/* In pieces of every length. */
static void leaves_out_what_comes_after_the_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
		for (size_t piece = 1; piece <= streams[i].in_len; piece++) {
			struct frames frames = { 0 };
			uint8_t out[200];
			size_t len = 0;

			for (size_t at = 0; at < streams[i].in_len; at += piece) {
				size_t left = streams[i].in_len - at;

				len += frames_take(&frames, out + len,
						   (const uint8_t *)streams[i].in + at,
						   left < piece ? left : piece);
			}
			assert_int_equal(len, streams[i].out_len);
			assert_memory_equal(out, streams[i].out, len);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_every_place),
		cmocka_unit_test(tells_what_is_below_events),
		cmocka_unit_test(knows_no_others),
		cmocka_unit_test(splits_uris),
		cmocka_unit_test(leaves_out_what_comes_after_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
