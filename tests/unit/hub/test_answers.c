/* Requests as they come out of the socket, and the hub's answers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"

static void makes_identities_as_captures_have_them(void **state)
{
	struct answer answer = ask("PUT /devices/d1" V, "{\"deviceId\":\"d1\"}");

	(void)state;
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body.at, "\"connectionStateUpdatedTime\":"
					       "\"0001-01-01T00:00:00\""));
	assert_non_null(strstr(answer.body.at, "\"statusUpdatedTime\":"
					       "\"0001-01-01T00:00:00\""));
	assert_non_null(
		strstr(answer.body.at, "\"lastActivityTime\":\"0001-01-01T00:00:00\""));
	answer_free(&answer);
}

static void names_what_a_query_gives(void **state)
{
	static const char *const rows[][2] = {
		{ "{\"query\":\"SELECT * FROM devices\"}", "twin" },
		{ "{\"query\":\"SELECT deviceId FROM devices\"}", "raw" },
		{ "{\"query\":\"SELECT COUNT() AS n FROM devices\"}", "raw" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct answer answer = ask("POST /devices/query" V, rows[i][0]);

		assert_int_equal(answer.status, 200);
		assert_string_equal(header_of(&answer, "x-ms-item-type"), rows[i][1]);
		answer_free(&answer);
	}
}

/* A body that was longer than the server takes. */
static void refuses_what_is_too_large(void **state)
{
	struct request request = { .method = "PATCH",
				   .target = "/twins/d1" V,
				   .body = "",
				   .too_large = true,
				   .headers = { { "Authorization", owner } },
				   .header_count = 1 };
	struct answer answer = { 0 };
	char *body = malloc(200000);

	(void)state;
	hub_answer(&hub, &request, &answer);
	assert_int_equal(answer.status, 413);
	assert_string_equal(header_of(&answer, "iothub-errorcode"), "MessageTooLarge");
	assert_non_null(strstr(answer.body.at, "ErrorCode:MessageTooLarge;"));
	answer_free(&answer);
	/* [FACTS] a method's payload has at most 128 KB */
	snprintf(body, 200000, "{\"methodName\":\"m\",\"payload\":\"%0*d\"}", 131070, 0);
	expect("POST /twins/d1/methods" V, body, 404, "DeviceNotOnline");
	snprintf(body, 200000, "{\"methodName\":\"m\",\"payload\":\"%0*d\"}", 131071, 0);
	expect("POST /twins/d1/methods" V, body, 413, "MessageTooLarge");
	free(body);
}

static void tells_what_it_does_not_serve(void **state)
{
	static const char *const lines[] = {
		"POST /devices/d1/files" V,
		"POST /jobs/create" V,
		"GET /jobs" V,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		expect(lines[i], "", 501, "NotImplemented");
	expect("GET /jobs/x" V, "", 404, "JobNotFound");
	expect("DELETE /messages/serviceBound/feedback" V, "", 405, "MethodNotAllowed");
	expect("POST /messages/devicebound" V, "", 404, "NotFound");
}

static void use(const char *tier)
{
	hub.tier = tier;
	assert_true(throttle_init(&hub.throttle, tier, clock_steady_ms()));
}

/* [FACTS] 403010: basic tiers have no twins and no methods. */
static void keeps_twins_from_basic_tiers(void **state)
{
	static const char *const basic[] = { "B1", "B2", "B3" };
	static const char *const standard[] = { "free", "F1", "S1", "S2", "S3" };
	static const char call[] = "{\"methodName\":\"m\"}";

	(void)state;
	for (size_t i = 0; i < sizeof(basic) / sizeof(basic[0]); i++) {
		use(basic[i]);
		expect("GET /devices/d1" V, "", 200, "");
		expect("GET /twins/d1" V, "", 403, "OperationNotAllowedInCurrentTier");
		expect("PATCH /twins/d1" V, "{}", 403,
		       "OperationNotAllowedInCurrentTier");
		expect("POST /twins/d1/methods" V, call, 403,
		       "OperationNotAllowedInCurrentTier");
	}
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		use(standard[i]);
		expect("GET /twins/d1" V, "", 200, "");
		expect("POST /twins/d1/methods" V, call, 404, "DeviceNotOnline");
	}
	hub.throttle = (struct throttle){ 0 };
}

/* The shape of the one refusal of this kind that was captured. */
static void throttles_in_the_real_words(void **state)
{
	struct answer answer = { 0 };

	(void)state;
	use("S1");
	while (answer.status != 429) {
		answer_free(&answer);
		answer = ask("GET /devices/d1" V, "");
	}
	assert_string_equal(header_of(&answer, "iothub-errorcode"),
			    "ThrottlingBacklogTimeout");
	assert_non_null(strstr(answer.body.at,
			       "ErrorCode:ThrottlingBacklogTimeout;The request has been "
			       "throttled. Wait "));
	assert_non_null(
		strstr(answer.body.at, " seconds and try again. Operation type: CRUD\""));
	answer_free(&answer);
	hub.throttle = (struct throttle){ 0 };
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_identities_as_captures_have_them),
		cmocka_unit_test(names_what_a_query_gives),
		cmocka_unit_test(refuses_what_is_too_large),
		cmocka_unit_test(tells_what_it_does_not_serve),
		cmocka_unit_test(keeps_twins_from_basic_tiers),
		cmocka_unit_test(throttles_in_the_real_words),
	};

	return cmocka_run_group_tests(tests, hub_set_up, hub_tear_down);
}
