/* Direct methods, from the request to the answer of a device that is a fake one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"
#include "fake_presence.h"
#include "method.h"

#define INVOKE "POST /twins/d1/methods" V

static bool say(struct fake *fake, const char *rid, int status, const char *payload)
{
	return method_answer(&hub, &fake->presence, rid, status, payload,
			     strlen(payload));
}

static int set_up(void **state)
{
	hub_set_up(state);
	expect("PUT /devices/d1" V, "{\"deviceId\":\"d1\"}", 200, "");
	expect("PUT /devices/d2" V, "{\"deviceId\":\"d2\"}", 200, "");
	expect("PUT /devices/d1/modules/m1" V,
	       "{\"deviceId\":\"d1\",\"moduleId\":\"m1\"}", 200, "");
	return 0;
}

/* How often the main thread was woken. */
static int wakes;

static void wake(struct hub *of)
{
	(void)of;
	wakes++;
}

static void goes_to_the_device_and_back(void **state)
{
	struct fake fake;
	struct asked asked;

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	hub.wake = wake;
	wakes = 0;
	ask_later(&asked, INVOKE,
		  "{\"methodName\":\"reboot\",\"payload\":{\"x\": [1,null]}}");
	assert_true(asked.answer.pending);
	assert_int_equal(fake.methods, 1);
	assert_string_equal(fake.name, "reboot");
	assert_string_equal(fake.payload, "{\"x\":[1,null]}");
	assert_int_equal(strspn(fake.rid, "0123456789abcdef"), strlen(fake.rid));
	assert_int_equal(wakes, 0);
	/* digits that a double does not have stay as they are */
	assert_true(say(&fake, fake.rid, -7, "{\"n\": 12345678901234567890}"));
	assert_int_equal(wakes, 1);
	assert_string_equal(asked.answer.body.at,
			    "{\"status\":-7,\"payload\":{\"n\": 12345678901234567890}}");
	expect_answer(&asked.answer, INVOKE, 200, "");
	/* once is enough */
	assert_false(say(&fake, fake.rid, 200, "1"));
	hub.wake = NULL;
	go(&hub.presences, &fake);
}

static void takes_no_payload_for_null(void **state)
{
	struct fake fake;
	struct asked asked;

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	ask_later(&asked, INVOKE, "{\"methodName\":\"m\"}");
	assert_string_equal(fake.payload, "null");
	assert_true(say(&fake, fake.rid, 200, ""));
	assert_string_equal(asked.answer.body.at, "{\"status\":200,\"payload\":null}");
	expect_answer(&asked.answer, INVOKE, 200, "");
	go(&hub.presences, &fake);
}

static void goes_to_the_module_that_was_named(void **state)
{
	struct fake device, module;
	struct asked asked;

	(void)state;
	come(&hub.presences, &device, "d1", "", true);
	come(&hub.presences, &module, "d1", "m1", true);
	ask_later(&asked, "POST /twins/d1/modules/m1/methods" V,
		  "{\"methodName\":\"m\"}");
	assert_int_equal(device.methods, 0);
	assert_int_equal(module.methods, 1);
	assert_false(say(&device, module.rid, 200, "1"));
	assert_true(say(&module, module.rid, 200, "1"));
	expect_answer(&asked.answer, "a module's", 200, "");
	go(&hub.presences, &device);
	go(&hub.presences, &module);
}

static void tells_two_apart(void **state)
{
	struct fake one, two;
	struct asked asked[3];
	char rid[METHOD_RID_TEXT];

	(void)state;
	come(&hub.presences, &one, "d1", "", true);
	come(&hub.presences, &two, "d2", "", true);
	ask_later(&asked[0], INVOKE, "{\"methodName\":\"first\"}");
	strcpy(rid, one.rid);
	ask_later(&asked[1], INVOKE, "{\"methodName\":\"second\"}");
	ask_later(&asked[2], "POST /twins/d2/methods" V, "{\"methodName\":\"third\"}");
	assert_string_not_equal(rid, one.rid);
	/* not for another's, nor for one that nobody asked */
	assert_false(say(&two, rid, 200, "2"));
	assert_false(say(&one, two.rid, 200, "1"));
	assert_false(say(&one, "", 200, "1"));
	assert_false(say(&one, "fffffffffffffffffff", 200, "1"));
	assert_true(say(&one, one.rid, 200, "\"of the second\""));
	assert_true(asked[0].answer.pending);
	assert_non_null(strstr(asked[1].answer.body.at, "of the second"));
	assert_true(say(&one, rid, 200, "\"of the first\""));
	assert_non_null(strstr(asked[0].answer.body.at, "of the first"));
	assert_true(say(&two, two.rid, 404, "\"of the third\""));
	assert_non_null(strstr(asked[2].answer.body.at, "\"status\":404"));
	for (int i = 0; i < 3; i++)
		expect_answer(&asked[i].answer, INVOKE, 200, "");
	go(&hub.presences, &one);
	go(&hub.presences, &two);
}

static void refuses_who_is_not_there(void **state)
{
	struct fake fake;

	(void)state;
	expect(INVOKE, "{\"methodName\":\"m\"}", 404, "DeviceNotOnline");
	expect("POST /twins/nobody/methods" V, "{\"methodName\":\"m\"}", 404,
	       "DeviceNotFound");
	expect("POST /twins/d1/modules/nobody/methods" V, "{\"methodName\":\"m\"}", 404,
	       "ModuleNotFound");
	/* connected, but without a callback */
	come(&hub.presences, &fake, "d1", "", false);
	expect(INVOKE, "{\"methodName\":\"m\"}", 404, "DeviceNotOnline");
	go(&hub.presences, &fake);
}

static void refuses_what_is_no_call(void **state)
{
	static const char *const bodies[] = {
		"[]",
		"{}",
		"{\"methodName\":\"\"}",
		"{\"methodName\":5}",
		"{\"methodName\":\"m\",\"responseTimeoutInSeconds\":4}",
		"{\"methodName\":\"m\",\"responseTimeoutInSeconds\":301}",
		"{\"methodName\":\"m\",\"responseTimeoutInSeconds\":\"30\"}",
		"{\"methodName\":\"m\",\"responseTimeoutInSeconds\":null}",
		"{\"methodName\":\"m\",\"connectTimeoutInSeconds\":-1}",
		"{\"methodName\":\"m\",\"connectTimeoutInSeconds\":1e300}",
	};
	struct fake fake;

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		expect(INVOKE, bodies[i], 400, "ArgumentInvalid");
	expect(INVOKE, "", 400, "IotHubFormatError");
	assert_int_equal(fake.methods, 0);
	go(&hub.presences, &fake);
}

static void ends_when_the_device_takes_too_long(void **state)
{
	struct fake fake;
	struct asked asked;
	int64_t now_ms = clock_steady_ms(), due_ms;

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	ask_later(&asked, INVOKE,
		  "{\"methodName\":\"m\",\"responseTimeoutInSeconds\":7}");
	due_ms = methods_due_ms(&hub);
	assert_in_range(due_ms, now_ms + 7000, clock_steady_ms() + 7000);
	methods_tick(&hub, due_ms - 1);
	assert_true(asked.answer.pending);
	methods_tick(&hub, due_ms);
	expect_answer(&asked.answer, INVOKE, 504, "GatewayTimeout");
	assert_true(methods_due_ms(&hub) == INT64_MAX);
	assert_false(say(&fake, fake.rid, 200, "1"));
	/* nothing said is 30 seconds */
	now_ms = clock_steady_ms();
	ask_later(&asked, INVOKE, "{\"methodName\":\"m\"}");
	assert_in_range(methods_due_ms(&hub), now_ms + 30000, clock_steady_ms() + 30000);
	assert_true(say(&fake, fake.rid, 200, "1"));
	expect_answer(&asked.answer, INVOKE, 200, "");
	go(&hub.presences, &fake);
}

static void waits_for_the_device_to_come(void **state)
{
	static const char body[] = "{\"methodName\":\"m\",\"connectTimeoutInSeconds\":3}";
	struct fake fake;
	struct asked asked;
	int64_t now_ms = clock_steady_ms();

	(void)state;
	ask_later(&asked, INVOKE, body);
	assert_in_range(methods_due_ms(&hub), now_ms + 3000, clock_steady_ms() + 3000);
	come(&hub.presences, &fake, "d1", "", false);
	method_ready(&hub, &fake.presence); /* not really */
	assert_true(asked.answer.pending);
	fake.takes = true;
	method_ready(&hub, &fake.presence);
	assert_int_equal(fake.methods, 1);
	method_ready(&hub, &fake.presence); /* it has it already */
	assert_int_equal(fake.methods, 1);
	/* from now on it is the device's time that runs */
	assert_in_range(methods_due_ms(&hub), now_ms + 30000, clock_steady_ms() + 30000);
	assert_true(say(&fake, fake.rid, 200, "1"));
	expect_answer(&asked.answer, INVOKE, 200, "");
	go(&hub.presences, &fake);

	ask_later(&asked, INVOKE, body);
	come(&hub.presences, &fake, "d1", "m1", true);
	method_ready(&hub, &fake.presence); /* a module is not its device */
	go(&hub.presences, &fake);
	methods_tick(&hub, methods_due_ms(&hub));
	assert_int_equal(fake.methods, 0);
	expect_answer(&asked.answer, INVOKE, 404, "DeviceNotOnline");
}

/* Its connection goes with the method in hand, and comes back with the answer. */
static void outlives_the_connection(void **state)
{
	struct fake before, after;
	struct asked asked;

	(void)state;
	come(&hub.presences, &before, "d1", "", true);
	ask_later(&asked, INVOKE, "{\"methodName\":\"m\"}");
	go(&hub.presences, &before);
	assert_true(asked.answer.pending);
	come(&hub.presences, &after, "d1", "", true);
	method_ready(&hub, &after.presence);
	assert_int_equal(after.methods, 0); /* it is not sent twice */
	assert_true(say(&after, before.rid, 200, "1"));
	expect_answer(&asked.answer, INVOKE, 200, "");

	ask_later(&asked, INVOKE, "{\"methodName\":\"m\"}");
	go(&hub.presences, &after);
	methods_tick(&hub, methods_due_ms(&hub));
	expect_answer(&asked.answer, INVOKE, 504, "GatewayTimeout");
}

static void tells_the_caller_of_a_bad_answer(void **state)
{
	static const char *const bad[] = { "nothing", "{", "1 2", "\"\xff\"" };
	char *big = malloc(METHOD_PAYLOAD_MAX + 2);
	struct fake fake;
	struct asked asked;

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ask_later(&asked, INVOKE, "{\"methodName\":\"m\"}");
		assert_false(say(&fake, fake.rid, 200, bad[i]));
		expect_answer(&asked.answer, INVOKE, 502, "BadGateway");
	}
	for (int more = 0; more < 2; more++) {
		snprintf(big, METHOD_PAYLOAD_MAX + 2, "\"%0*d\"",
			 METHOD_PAYLOAD_MAX - 2 + more, 0);
		ask_later(&asked, INVOKE, "{\"methodName\":\"m\"}");
		assert_int_equal(say(&fake, fake.rid, 200, big), !more);
		expect_answer(&asked.answer, INVOKE, more ? 413 : 200,
			      more ? "MessageTooLarge" : "");
	}
	free(big);
	go(&hub.presences, &fake);
}

/* Nobody waits for the answer any more. */
static void forgets_a_caller_that_has_gone(void **state)
{
	struct fake fake;
	struct asked asked[2];

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	ask_later(&asked[0], INVOKE, "{\"methodName\":\"m\"}");
	ask_later(&asked[1], INVOKE, "{\"methodName\":\"m\"}");
	answer_free(&asked[0].answer);
	assert_true(say(&fake, fake.rid, 200, "1"));
	expect_answer(&asked[1].answer, INVOKE, 200, "");
	assert_true(methods_due_ms(&hub) == INT64_MAX);
	go(&hub.presences, &fake);
}

static void ends_all_when_the_hub_does(void **state)
{
	struct fake fake;
	struct asked asked[2];

	(void)state;
	come(&hub.presences, &fake, "d1", "", true);
	ask_later(&asked[0], INVOKE, "{\"methodName\":\"m\"}");
	ask_later(&asked[1], "POST /twins/d2/methods" V,
		  "{\"methodName\":\"m\",\"connectTimeoutInSeconds\":300}");
	hub_hang_up(&hub);
	expect_answer(&asked[0].answer, INVOKE, 503, "ServerBusy");
	expect_answer(&asked[1].answer, INVOKE, 503, "ServerBusy");
	go(&hub.presences, &fake);
}

/* --record: the status that it got in the end. */
static void records_the_status_once_it_is_there(void **state)
{
	char path[100], line[2000] = "", more[10];
	struct fake fake;
	struct asked asked;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/record", hub_dir);
	assert_true(record_open(&hub.record, path));
	come(&hub.presences, &fake, "d1", "", true);
	ask_later(&asked, INVOKE, "{\"methodName\":\"m\"}");
	file = fopen(path, "r");
	assert_null(fgets(line, sizeof(line), file));
	methods_tick(&hub, methods_due_ms(&hub));
	expect_answer(&asked.answer, INVOKE, 504, "GatewayTimeout");
	record_close(&hub.record);
	rewind(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_null(fgets(more, sizeof(more), file));
	assert_non_null(strstr(line, "\"methodName\":\"m\""));
	assert_non_null(strstr(line, "\"status\":504"));
	fclose(file);
	go(&hub.presences, &fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_to_the_device_and_back),
		cmocka_unit_test(takes_no_payload_for_null),
		cmocka_unit_test(goes_to_the_module_that_was_named),
		cmocka_unit_test(tells_two_apart),
		cmocka_unit_test(refuses_who_is_not_there),
		cmocka_unit_test(refuses_what_is_no_call),
		cmocka_unit_test(ends_when_the_device_takes_too_long),
		cmocka_unit_test(waits_for_the_device_to_come),
		cmocka_unit_test(outlives_the_connection),
		cmocka_unit_test(tells_the_caller_of_a_bad_answer),
		cmocka_unit_test(forgets_a_caller_that_has_gone),
		cmocka_unit_test(ends_all_when_the_hub_does),
		cmocka_unit_test(records_the_status_once_it_is_there),
	};

	return cmocka_run_group_tests(tests, set_up, hub_tear_down);
}
