/* What those that are connected hear of the registry, and the registry of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"
#include "fake_presence.h"

static struct fake device, module, other;

static int set_up(void **state)
{
	(void)state;
	expect("PUT /devices/d1" V, "{\"deviceId\":\"d1\"}", 200, "");
	expect("PUT /devices/d2" V, "{\"deviceId\":\"d2\"}", 200, "");
	expect("PUT /devices/d1/modules/m1" V,
	       "{\"deviceId\":\"d1\",\"moduleId\":\"m1\"}", 200, "");
	come(&hub.presences, &device, "d1", "", true);
	come(&hub.presences, &module, "d1", "m1", true);
	come(&hub.presences, &other, "d2", "", true);
	return 0;
}

static int tear_down(void **state)
{
	struct asked asked;

	(void)state;
	go(&hub.presences, &device);
	go(&hub.presences, &module);
	go(&hub.presences, &other);
	ask_later(&asked, "DELETE /devices/d1" V, "");
	answer_free(&asked.answer);
	ask_later(&asked, "DELETE /devices/d2" V, "");
	answer_free(&asked.answer);
	return 0;
}

static void hears_of_desired_properties(void **state)
{
	(void)state;
	expect("PATCH /twins/d1" V,
	       "{\"properties\":{\"desired\":{\"a\":{\"b\":1},\"c\":2,"
	       "\"$metadata\":{},\"$version\":77}}}",
	       200, "");
	assert_int_equal(device.desireds, 1);
	assert_string_equal(device.desired, "{\"a\":{\"b\":1},\"c\":2,\"$version\":2}");
	assert_int_equal(device.version, 2);
	/* what is taken away is null, what stays is not said */
	expect("PATCH /twins/d1" V, "{\"properties\":{\"desired\":{\"c\":null}}}", 200,
	       "");
	assert_string_equal(device.desired, "{\"c\":null,\"$version\":3}");
	/* replaced it is all there is */
	expect("PUT /twins/d1" V, "{\"properties\":{\"desired\":{\"d\":4}}}", 200, "");
	assert_string_equal(device.desired, "{\"d\":4,\"$version\":4}");
	expect("PATCH /twins/d1" V, "{\"properties\":{\"desired\":null}}", 200, "");
	assert_string_equal(device.desired, "{\"$version\":5}");
	assert_int_equal(device.desireds, 4);
	/* tags are not for devices, and what is refused did not happen */
	expect("PATCH /twins/d1" V, "{\"tags\":{\"x\":1}}", 200, "");
	expect("PATCH /twins/d1" V, "{\"properties\":{\"desired\":{\"a.b\":1}}}", 400,
	       "ArgumentInvalid");
	assert_int_equal(device.desireds, 4);
	assert_int_equal(module.desireds + other.desireds, 0);
	expect("PATCH /twins/d1/modules/m1" V, "{\"properties\":{\"desired\":{\"m\":1}}}",
	       200, "");
	assert_int_equal(device.desireds, 4);
	assert_string_equal(module.desired, "{\"m\":1,\"$version\":2}");
}

static void hears_of_bulk_changes_too(void **state)
{
	(void)state;
	expect("POST /devices" V,
	       "[{\"id\":\"d1\",\"importMode\":\"updateTwin\",\"properties\":{"
	       "\"desired\":"
	       "{\"e\":1}}},{\"id\":\"d2\",\"importMode\":\"updateTwin\","
	       "\"tags\":{\"t\":1}}]",
	       200, "");
	assert_string_equal(device.desired, "{\"e\":1,\"$version\":2}");
	assert_int_equal(other.desireds, 0);
	expect("POST /devices" V, "[{\"id\":\"d2\",\"importMode\":\"delete\"}]", 200, "");
	assert_string_equal(other.closed, "it was deleted");
	assert_null(device.closed);
	expect("POST /devices" V,
	       "[{\"id\":\"d1\",\"importMode\":\"update\",\"status\":\"disabled\"}]", 200,
	       "");
	assert_string_equal(device.closed, "it was disabled");
	assert_string_equal(module.closed, "it was disabled");
}

static void is_cut_off_when_disabled(void **state)
{
	struct asked asked;

	(void)state;
	/* a new key cuts nobody off */
	ask_prepare(&asked, "PUT /devices/d1" V, "{\"deviceId\":\"d1\"}", owner);
	ask_header(&asked, "If-Match", "*");
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, "new keys", 200, "");
	assert_null(device.closed);
	ask_prepare(&asked, "PUT /devices/d1" V,
		    "{\"deviceId\":\"d1\",\"status\":\"disabled\"}", owner);
	ask_header(&asked, "If-Match", "*");
	hub_answer(&hub, &asked.request, &asked.answer);
	assert_non_null(strstr(asked.answer.body.at, "\"connectionState\":\"Disconn"));
	expect_answer(&asked.answer, "disabled", 200, "");
	assert_string_equal(device.closed, "it was disabled");
	assert_string_equal(module.closed, "it was disabled");
	assert_null(other.closed);
}

static void is_cut_off_when_deleted(void **state)
{
	(void)state;
	expect("DELETE /devices/d1/modules/m1" V, "", 204, "");
	assert_string_equal(module.closed, "it was deleted");
	assert_null(device.closed);
	expect("DELETE /devices/d1" V, "", 204, "");
	assert_string_equal(device.closed, "it was deleted");
	assert_null(other.closed);
}

static void expect_part(const char *line, const char *body, const char *part)
{
	struct answer answer = ask(line, body);

	if (!answer.body.at || !strstr(answer.body.at, part))
		fail_msg("%s: no %s in %s", line, part, answer.body.at);
	answer_free(&answer);
}

static void is_seen_by_all(void **state)
{
	static const char query[] =
		"{\"query\":\"SELECT deviceId FROM devices WHERE connectionState = "
		"'Connected'\"}";
	struct message message = { .body = "x", .body_len = 1 };
	struct device d1;

	(void)state;
	expect_part("GET /statistics/service" V, "", "\"connectedDeviceCount\":2");
	expect_part("GET /devices/d1" V, "", "\"connectionState\":\"Connected\"");
	expect_part("GET /twins/d1/modules/m1" V, "",
		    "\"connectionState\":\"Connected\"");
	expect_part("POST /devices/query" V, query,
		    "[{\"deviceId\":\"d1\"},{\"deviceId\":\"d2\"}]");
	go(&hub.presences, &device);
	expect_part("GET /statistics/service" V, "", "\"connectedDeviceCount\":1");
	expect_part("GET /devices/d1" V, "", "\"connectionState\":\"Disconnected\"");
	expect_part("GET /twins/d1" V, "", "\"connectionState\":\"Disconnected\"");
	expect_part("POST /devices/query" V, query, "[{\"deviceId\":\"d2\"}]");

	assert_int_equal(store_get(hub.store, "d1", "", &d1), 1);
	assert_in_range(d1.connection_ms, clock_unix_ms() - 60000, clock_unix_ms());
	assert_int_equal(d1.active_ms, d1.connection_ms);
	assert_int_equal(c2d_send(hub.c2d, &d1, &message, ACK_NONE, 0), C2D_SENT);
	device_free(&d1);
	expect_part("GET /devices/d1" V, "", "\"cloudToDeviceMessageCount\":1");
	expect_part("GET /twins/d1" V, "", "\"cloudToDeviceMessageCount\":1");
	expect_part("GET /twins/d2" V, "", "\"cloudToDeviceMessageCount\":0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hears_of_desired_properties, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(hears_of_bulk_changes_too, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(is_cut_off_when_disabled, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(is_cut_off_when_deleted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(is_seen_by_all, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, hub_set_up, hub_tear_down);
}
