/* How a session of MQTT begins, and how it ends. */
#include "one_session.h"

/* -- CONNECT ------------------------------------------------------------------------- */

static void lets_in(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(session.state, SESSION_OPEN);
	assert_false(session.clean);
	assert_string_equal(session.user.device, "dev1");
}

static void goes_on_with_a_kept_session(void **state)
{
	(void)state;
	kept = true;
	assert_true(connect_as((struct client){ .keep_alive_s = 180 }, 1000));
	answered(B("\x20\x02\x01\x00"));
	assert_int_equal(send_c2d(1, 7), SESSION_FLIES);
}

static void refuses_whom_the_owner_refuses(void **state)
{
	(void)state;
	verdict = MQTT_NOT_AUTHORIZED;
	verdict_why = "the token expired";
	assert_false(connect_as(
		(struct client){ .will = "devices/dev1/messages/events/" }, 1000));
	answered(B("\x20\x02\x00\x05"));
	closed_for("the token expired");
	logged("connect dev1 token;"); /* and no will */
	assert_false(mqtt_session_take(&session, B("\xc0\x00"), 1000));
	answered(NULL, 0);
}

static void refuses_another_level(void **state)
{
	(void)state;
	assert_false(mqtt_session_take(
		&session, B("\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"), 1000));
	answered(B("\x20\x02\x00\x01"));
	closed_for("MQTT-3.1.2-2");
	logged("");
}

static void refuses_to_keep_a_session_without_a_name(void **state)
{
	(void)state;
	assert_false(connect_as((struct client){ .id = "" }, 1000));
	answered(B("\x20\x02\x00\x02"));
	closed_for("MQTT-3.1.3-8");
}

static void refuses_another_client_id(void **state)
{
	(void)state;
	assert_false(connect_as((struct client){ .id = "dev2" }, 1000));
	answered(B("\x20\x02\x00\x05"));
	closed_for("client identifier");
	logged("");
}

static void refuses_wills_that_are_none(void **state)
{
	static const struct client clients[] = {
		{ .will = "devices/dev2/messages/events/" },
		{ .will = "$iothub/twin/GET/?$rid=1" },
		{ .will = "devices/dev1/messages/events/", .will_qos = 2 },
	};

	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		start(state);
		assert_false(connect_as(clients[i], 1000));
		answered(B("\x20\x02\x00\x05"));
		closed_for("will");
		logged("");
		mqtt_session_free(&session);
	}
	start(state);
}

static void wants_connect_first(void **state)
{
	(void)state;
	assert_false(mqtt_session_take(&session, B("\xc0\x00"), 1000));
	answered(NULL, 0);
	closed_for("MQTT-3.1.0-1");
}

static void wants_connect_once(void **state)
{
	(void)state;
	open_session();
	assert_false(connect_as((struct client){ 0 }, 1000));
	answered(NULL, 0);
	closed_for("MQTT-3.1.0-2");
	logged("");
}

/* A stranger gets less room than a device. */
static void bounds_connect(void **state)
{
	(void)state;
	assert_false(mqtt_session_take(&session, B("\x10\x80\x80\x08"), 1000));
	closed_for("larger");
}

/* -- the end ------------------------------------------------------------------------- */

static void makes_the_will_known(void **state)
{
	(void)state;
	assert_true(connect_as((struct client){ .will = "devices/dev1/messages/events/"
							"a=1" },
			       1000));
	text_free(&log_text);
	mqtt_session_close(&session, "the connection is lost");
	mqtt_session_close(&session, "again");
	logged("will a=1 gone;");
	closed_for("lost");
}

static void makes_the_will_known_after_an_offence(void **state)
{
	(void)state;
	assert_true(connect_as((struct client){ .will = "devices/dev1/messages/events/" },
			       1000));
	text_free(&log_text);
	assert_false(mqtt_session_take(&session, B("\x00"), 1000));
	logged("will  gone;");
}

static void forgets_the_will_on_disconnect(void **state)
{
	(void)state;
	assert_true(connect_as((struct client){ .will = "devices/dev1/messages/events/" },
			       1000));
	text_free(&log_text);
	assert_false(mqtt_session_take(&session, B("\xe0\x00\xc0\x00"), 1000));
	logged("");
	answered(B("\x20\x02\x00\x00")); /* and nothing of what came behind it */
	closed_for("disconnected");
}

/* -- time ----------------------------------------------------------------------------- */

static void waits_for_connect(void **state)
{
	(void)state;
	assert_int_equal(mqtt_session_deadline(&session), 1000 + SESSION_CONNECT_MS);
	/* drops of a packet are none */
	assert_true(mqtt_session_take(&session, B("\x10\x20\x00"), 20000));
	assert_true(mqtt_session_tick(&session, 1000 + SESSION_CONNECT_MS - 1));
	assert_false(mqtt_session_tick(&session, 1000 + SESSION_CONNECT_MS));
	closed_for("in time");
	assert_true(mqtt_session_deadline(&session) == INT64_MAX);
}

static void waits_one_and_a_half_times(void **state)
{
	(void)state;
	open_session();
	assert_int_equal(mqtt_session_deadline(&session), 1000 + 270000);
	assert_true(mqtt_session_take(&session, B("\xc0\x00"), 50000));
	answered(B("\xd0\x00"));
	assert_int_equal(mqtt_session_deadline(&session), 50000 + 270000);
	assert_true(mqtt_session_tick(&session, 50000 + 270000 - 1));
	assert_false(mqtt_session_tick(&session, 50000 + 270000));
	closed_for("MQTT-3.1.2-24");
}

static void waits_no_longer_than_the_real_hub(void **state)
{
	static const struct {
		unsigned keep_alive_s;
		int64_t patience_ms;
	} rows[] = {
		{ 1, 1500 },       { 1177, 1765500 },  { 1178, 1767000 },
		{ 1179, 1767000 }, { 65535, 1767000 }, { 0, 1767000 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(state);
		assert_true(connect_as(
			(struct client){ .keep_alive_s = rows[i].keep_alive_s }, 2000));
		assert_int_equal(mqtt_session_deadline(&session),
				 2000 + rows[i].patience_ms);
		mqtt_session_free(&session);
	}
	start(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lets_in),
		TEST(goes_on_with_a_kept_session),
		TEST(refuses_whom_the_owner_refuses),
		TEST(refuses_another_level),
		TEST(refuses_to_keep_a_session_without_a_name),
		TEST(refuses_another_client_id),
		TEST(refuses_wills_that_are_none),
		TEST(wants_connect_first),
		TEST(wants_connect_once),
		TEST(bounds_connect),
		TEST(makes_the_will_known),
		TEST(makes_the_will_known_after_an_offence),
		TEST(forgets_the_will_on_disconnect),
		TEST(waits_for_connect),
		TEST(waits_one_and_a_half_times),
		TEST(waits_no_longer_than_the_real_hub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
