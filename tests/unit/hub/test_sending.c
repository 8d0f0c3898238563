/* What devices send and receive by HTTPS. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "asking.h"
#include "c2d_own.h"

#define EVENTS "POST /devices/d1/messages/events" V
#define BOUND  "/devices/d1/messages/devicebound"

static char device_token[400];

static struct device get_device(const char *id, const char *module)
{
	struct device device;

	assert_int_equal(store_get(hub.store, id, module, &device), 1);
	return device;
}

static int set_up(void **state)
{
	struct device device;

	hub_set_up(state);
	expect("PUT /devices/d1" V, "{\"deviceId\":\"d1\"}", 200, "");
	expect("PUT /devices/d1/modules/m1" V,
	       "{\"deviceId\":\"d1\",\"moduleId\":\"m1\"}", 200, "");
	device = get_device("d1", "");
	sign_token(device_token, HOST "/devices/d1", device.primary, NULL, 4000000000);
	device_free(&device);
	return 0;
}

/* Sends, and waits until it is stored. */
static struct answer send_with(struct asked *asked)
{
	hub_answer(&hub, &asked->request, &asked->answer);
	events_flush(hub.events);
	hub_tick(&hub, clock_steady_ms());
	return asked->answer;
}

/* A reader of the device's partition that sees what comes from now on. */
static struct cursor *reader(void)
{
	unsigned partition = events_partition_of(hub.events, "d1");
	struct position latest = { .latest = true };
	int64_t next;

	events_flush(hub.events);
	assert_int_equal(events_seek(hub.events, partition, &latest, &next), 1);
	return cursor_open(hub.events, partition, next);
}

static void expect_body(const struct event *event, const char *body)
{
	assert_int_equal(event->message.body_len, strlen(body));
	assert_memory_equal(event->message.body, body, strlen(body));
}

static void answers_when_the_event_is_stored(void **state)
{
	struct cursor *cursor = reader();
	const char *const *texts;
	struct event event;
	struct asked asked;

	(void)state;
	ask_prepare(&asked, EVENTS, "{\"t\":1}", device_token);
	ask_header(&asked, "iothub-to", "/devices/d1/messages/events");
	ask_header(&asked, "IoTHub-MessageId", "id 1");
	ask_header(&asked, "IoTHub-CorrelationId", "c1");
	ask_header(&asked, "iothub-contenttype", "application/json");
	ask_header(&asked, "iothub-contentencoding", "utf-8");
	ask_header(&asked, "iothub-app-Level", "high");
	ask_header(&asked, "iothub-app-none", "");
	ask_header(&asked, "dt-subject", "part");
	hub_answer(&hub, &asked.request, &asked.answer);
	assert_true(asked.answer.pending);
	events_flush(hub.events);
	assert_true(asked.answer.pending); /* until the hub's own thread looks */
	hub_tick(&hub, clock_steady_ms());
	expect_answer(&asked.answer, EVENTS, 204, "");

	assert_int_equal(cursor_next(cursor, &event), 1);
	expect_body(&event, "{\"t\":1}");
	texts = event.message.texts;
	assert_string_equal(texts[MESSAGE_DEVICE], "d1");
	assert_null(texts[MESSAGE_MODULE]);
	assert_string_equal(texts[MESSAGE_SOURCE], "Telemetry");
	assert_non_null(strstr(texts[MESSAGE_AUTH_METHOD], "\"scope\":\"device\""));
	assert_string_equal(texts[MESSAGE_TO], "/devices/d1/messages/events");
	assert_string_equal(texts[MESSAGE_ID], "id 1");
	assert_string_equal(texts[MESSAGE_CORRELATION_ID], "c1");
	assert_string_equal(texts[MESSAGE_CONTENT_TYPE], "application/json");
	assert_string_equal(texts[MESSAGE_CONTENT_ENCODING], "utf-8");
	assert_string_equal(texts[MESSAGE_SUBJECT], "part");
	assert_int_equal(event.message.property_count, 2);
	assert_string_equal(event.message.properties[0].name, "Level");
	assert_string_equal(event.message.properties[0].value, "high");
	assert_string_equal(event.message.properties[1].value, "");
	assert_int_equal(cursor_next(cursor, &event), 0);
	cursor_close(cursor);
}

static void knows_a_module(void **state)
{
	static const char line[] = "POST /devices/d1/modules/m1/messages/events" V;
	struct cursor *cursor = reader();
	struct device module = get_device("d1", "m1");
	struct event event;
	struct asked asked;
	char token[400];

	(void)state;
	sign_token(token, HOST "/devices/d1/modules/m1", module.secondary, NULL,
		   4000000000);
	device_free(&module);
	ask_prepare(&asked, line, "", token);
	send_with(&asked);
	expect_answer(&asked.answer, line, 204, "");
	assert_int_equal(cursor_next(cursor, &event), 1);
	expect_body(&event, "");
	assert_string_equal(event.message.texts[MESSAGE_MODULE], "m1");
	cursor_close(cursor);
	/* its device is somebody else */
	ask_prepare(&asked, line, "", device_token);
	send_with(&asked);
	expect_answer(&asked.answer, line, 401, "IotHubUnauthorized");
}

static void takes_many_at_once(void **state)
{
	static const char batch[] =
		"[{\"body\": \"AP8=\", \"properties\":{\"iothub-app-k\":\"v\","
		"\"iothub-messageid\":\"m\"}},"
		"{\"body\":\"plain\",\"base64Encoded\":false},{\"body\":\"\"}]";
	struct cursor *cursor = reader();
	struct event event;
	struct asked asked;

	(void)state;
	ask_prepare(&asked, EVENTS, batch, device_token);
	ask_header(&asked, "Content-Type", "application/vnd.microsoft.iothub.json");
	send_with(&asked);
	expect_answer(&asked.answer, "a batch", 204, "");
	assert_int_equal(cursor_next(cursor, &event), 1);
	assert_int_equal(event.message.body_len, 2);
	assert_memory_equal(event.message.body, "\0\xff", 2);
	assert_string_equal(event.message.properties[0].name, "k");
	assert_string_equal(event.message.texts[MESSAGE_ID], "m");
	assert_int_equal(cursor_next(cursor, &event), 1);
	expect_body(&event, "plain");
	assert_null(event.message.texts[MESSAGE_ID]);
	assert_int_equal(cursor_next(cursor, &event), 1);
	expect_body(&event, "");
	assert_int_equal(cursor_next(cursor, &event), 0);
	cursor_close(cursor);
}

static void refuses_what_is_no_batch(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"[1]",
		"[{}]",
		"[{\"body\":1}]",
		"[{\"body\":\"%\"}]",
		"[{\"body\":\"\",\"properties\":[]}]",
		"[{\"body\":\"\",\"properties\":{\"iothub-app-k\":1}}]",
		"[{\"body\":\"\",\"properties\":{\"iothub-app-\":\"v\"}}]",
	};
	struct asked asked;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ask_prepare(&asked, EVENTS, bad[i], device_token);
		ask_header(&asked, "Content-Type",
			   "application/vnd.microsoft.iothub.json; charset=utf-8");
		hub_answer(&hub, &asked.request, &asked.answer);
		expect_answer(&asked.answer, bad[i], 400, "IotHubFormatError");
	}
}

static void refuses_what_is_too_long(void **state)
{
	char *body = calloc(1, MESSAGE_D2C_MAX + 2);
	struct asked asked;

	(void)state;
	memset(body, 'x', MESSAGE_D2C_MAX + 1);
	ask_prepare(&asked, EVENTS, body, device_token);
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, EVENTS, 413, "MessageTooLarge");
	ask_prepare(&asked, EVENTS, body, device_token);
	ask_header(&asked, "Content-Type", "application/vnd.microsoft.iothub.json");
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, EVENTS, 413, "MessageTooLarge");
	ask_prepare(&asked, EVENTS, "", device_token);
	asked.request.too_large = true;
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, EVENTS, 413, "MessageTooLarge");
	ask_prepare(&asked, EVENTS, "", device_token);
	ask_header(&asked, "iothub-app-k", "\xff");
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, EVENTS, 400, "IotHubFormatError");
	free(body);
}

static void forgets_who_waits_no_more(void **state)
{
	struct asked asked;

	(void)state;
	ask_prepare(&asked, EVENTS, "1", device_token);
	hub_answer(&hub, &asked.request, &asked.answer);
	answer_free(&asked.answer);
	assert_null(hub.sendings);
	ask_prepare(&asked, EVENTS, "1", device_token);
	hub_answer(&hub, &asked.request, &asked.answer);
	hub_hang_up(&hub);
	expect_answer(&asked.answer, EVENTS, 503, "ServerBusy");
}

/* -- cloud to device ----------------------------------------------------------------- */

static void send_to_device(const char *body, enum c2d_ack ack)
{
	static const struct message_property properties[] = {
		{ "level", "high" },
		{ "a name", "l\xc3\xa4nge\n" },
		{ "alone", NULL },
	};
	struct device device = get_device("d1", "");
	struct message message = { .properties = properties, .property_count = 3 };

	message.body = body;
	message.body_len = strlen(body);
	message.texts[MESSAGE_ID] = "m1";
	message.texts[MESSAGE_TO] = "/devices/d1/messages/devicebound";
	message.texts[MESSAGE_CONTENT_TYPE] = "text/plain";
	assert_int_equal(c2d_send(hub.c2d, &device, &message, ack, 0), C2D_SENT);
	device_free(&device);
}

static struct answer as_device(const char *line)
{
	struct asked asked;

	ask_prepare(&asked, line, "", device_token);
	hub_answer(&hub, &asked.request, &asked.answer);
	return asked.answer;
}

/* Receives the message, and keeps its lock without the quotes. */
static void receive(char lock[LOCK_TEXT])
{
	struct answer answer = as_device("GET " BOUND V);
	const char *etag = header_of(&answer, "ETag");

	assert_int_equal(answer.status, 200);
	assert_int_equal(strlen(etag), LOCK_TEXT + 1);
	snprintf(lock, LOCK_TEXT, "%.*s", LOCK_TEXT - 1, etag + 1);
	answer_free(&answer);
}

static void settle(const char *method, const char *lock, const char *rest, int status,
		   const char *code)
{
	char line[200];
	struct answer answer;

	snprintf(line, sizeof(line), "%s " BOUND "/%s%s", method, lock, rest);
	answer = as_device(line);
	expect_answer(&answer, line, status, code);
}

static void nothing_waits(void)
{
	struct answer answer = as_device("GET " BOUND V);

	assert_int_equal(answer.body.len, 0);
	expect_answer(&answer, BOUND, 204, "");
}

static void gives_messages_to_the_device(void **state)
{
	struct answer answer;

	(void)state;
	nothing_waits();
	send_to_device("hello", ACK_FULL);
	answer = as_device("GET " BOUND V);
	assert_int_equal(answer.body.len, 5);
	assert_memory_equal(answer.body.at, "hello", 5);
	assert_string_equal(header_of(&answer, "iothub-messageid"), "m1");
	assert_string_equal(header_of(&answer, "iothub-to"), BOUND);
	assert_string_equal(header_of(&answer, "iothub-contenttype"), "text/plain");
	assert_string_equal(header_of(&answer, "iothub-ack"), "full");
	assert_string_equal(header_of(&answer, "iothub-deliverycount"), "0");
	assert_string_equal(header_of(&answer, "iothub-app-level"), "high");
	assert_string_equal(header_of(&answer, "iothub-app-a%20name"), "l%C3%A4nge%0A");
	assert_string_equal(header_of(&answer, "iothub-app-alone"), "");
	answer_free(&answer);
	nothing_waits(); /* it is locked */
	expect("DELETE /devices/d1/commands" V, "", 200, "");
}

static void settles_under_its_lock(void **state)
{
	char lock[LOCK_TEXT], old[LOCK_TEXT];

	(void)state;
	send_to_device("one", ACK_FULL);
	receive(lock);
	settle("POST", lock, "/abandon" V, 204, "");
	strcpy(old, lock);
	settle("DELETE", old, V, 412, "DeviceMessageLockLost");
	receive(lock);
	settle("POST", old, "/abandon" V, 412, "DeviceMessageLockLost");
	settle("DELETE", lock, V, 204, "");
	nothing_waits();
	settle("DELETE", lock, V, 412, "DeviceMessageLockLost");
	send_to_device("two", ACK_FULL);
	receive(lock);
	settle("DELETE", lock, "?reject&api-version=2021-04-12", 204, "");
	nothing_waits();
}

static void tells_the_sender(void **state)
{
	static const char feedback[] = "/messages/serviceBound/feedback";
	struct answer answer;
	char lock[LOCK_TEXT], line[200];

	(void)state;
	hub.c2d->batch_ms = 0; /* as if the last batch were long ago */
	answer = ask("GET /messages/servicebound/feedback" V, "");
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, FEEDBACK_TYPE);
	assert_non_null(strstr(answer.body.at, "\"statusCode\":\"Success\""));
	assert_non_null(strstr(answer.body.at, "\"statusCode\":\"Rejected\""));
	assert_non_null(strstr(answer.body.at, "\"originalMessageId\":\"m1\""));
	snprintf(lock, sizeof(lock), "%.*s", LOCK_TEXT - 1,
		 header_of(&answer, "ETag") + 1);
	answer_free(&answer);
	expect("GET /messages/serviceBound/feedback" V, "", 204, "");
	snprintf(line, sizeof(line), "POST %s/%s/abandon" V, feedback, lock);
	expect(line, "", 204, "");
	expect(line, "", 412, "DeviceMessageLockLost");
	hub.c2d->batch_ms = 0;
	answer = ask("GET /messages/serviceBound/feedback" V, "");
	snprintf(line, sizeof(line), "DELETE %s/%.*s" V, feedback, LOCK_TEXT - 1,
		 header_of(&answer, "ETag") + 1);
	answer_free(&answer);
	expect(line, "", 204, "");
	hub.c2d->batch_ms = 0;
	expect("GET /messages/serviceBound/feedback" V, "", 204, "");
}

static void purges_the_queue(void **state)
{
	struct answer answer;

	(void)state;
	send_to_device("one", ACK_NONE);
	send_to_device("two", ACK_NONE);
	answer = ask("DELETE /devices/d1/commands" V, "");
	assert_non_null(strstr(answer.body.at, "\"totalMessagesPurged\":2"));
	expect_answer(&answer, "purge", 200, "");
	nothing_waits();
}

/* -- who may ------------------------------------------------------------------------- */

static void refuses_strangers(void **state)
{
	static const char *const lines[] = {
		EVENTS,
		"GET " BOUND V,
		"DELETE " BOUND "/x" V,
		"POST " BOUND "/x/abandon" V,
	};
	char token[400];
	struct asked asked;
	struct device device = get_device("d1", "");

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		ask_prepare(&asked, lines[i], "", NULL);
		hub_answer(&hub, &asked.request, &asked.answer);
		expect_answer(&asked.answer, lines[i], 401, "IotHubUnauthorizedAccess");
		/* the key of another */
		sign_token(token, HOST "/devices/d1",
			   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", NULL,
			   4000000000);
		ask_prepare(&asked, lines[i], "", token);
		hub_answer(&hub, &asked.request, &asked.answer);
		expect_answer(&asked.answer, lines[i], 401, "IotHubUnauthorized");
		/* expired */
		sign_token(token, HOST "/devices/d1", device.primary, NULL, 1000000000);
		ask_prepare(&asked, lines[i], "", token);
		hub_answer(&hub, &asked.request, &asked.answer);
		expect_answer(&asked.answer, lines[i], 401, "IotHubUnauthorized");
		/* a policy that may connect devices may do this too */
		sign_token(token, HOST,
			   policy_find(&hub.policies, "registryRead")->primary,
			   "registryRead", 4000000000);
		ask_prepare(&asked, lines[i], "", token);
		hub_answer(&hub, &asked.request, &asked.answer);
		expect_answer(&asked.answer, lines[i], 401, "IotHubUnauthorizedAccess");
	}
	sign_token(token, HOST, policy_find(&hub.policies, "device")->primary, "device",
		   4000000000);
	ask_prepare(&asked, EVENTS, "", token);
	send_with(&asked);
	expect_answer(&asked.answer, EVENTS, 204, "");
	/* and a device is no service */
	ask_prepare(&asked, "GET /messages/serviceBound/feedback" V, "", device_token);
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, "feedback", 401, "IotHubUnauthorizedAccess");
	device_free(&device);
}

/* By HTTPS too; a basic tier has them. */
static void throttles_events(void **state)
{
	struct asked asked;
	int sent = 0, status;

	(void)state;
	assert_true(throttle_init(&hub.throttle, "B1", clock_steady_ms()));
	do {
		ask_prepare(&asked, EVENTS, "1", device_token);
		send_with(&asked);
		status = asked.answer.status;
		expect_answer(&asked.answer, EVENTS, status,
			      status == 204 ? "" : "ThrottlingBacklogTimeout");
	} while (status == 204 && ++sent < 10000);
	assert_int_equal(status, 429);
	assert_in_range(sent, 100, 9999);
	hub.throttle = (struct throttle){ 0 };
}

/* --fail, on routes whose answer comes later. */
static void fails_as_it_is_told(void **state)
{
	struct asked asked;

	(void)state;
	assert_null(faults_add(&hub.faults, "POST /devices/*/messages/events 500:1"));
	assert_null(faults_add(&hub.faults, "POST /devices/*/messages/events slow=70:1"));
	assert_null(faults_add(&hub.faults, "POST /devices/*/messages/events lose:1"));
	ask_prepare(&asked, EVENTS, "1", device_token);
	hub_answer(&hub, &asked.request, &asked.answer);
	expect_answer(&asked.answer, EVENTS, 500, "ServerError");
	ask_prepare(&asked, EVENTS, "1", device_token);
	send_with(&asked);
	assert_int_equal(asked.answer.delay_ms, 70);
	expect_answer(&asked.answer, EVENTS, 204, "");
	ask_prepare(&asked, EVENTS, "1", device_token);
	send_with(&asked);
	assert_true(asked.answer.drop);
	expect_answer(&asked.answer, EVENTS, 204, "");
	assert_int_equal(hub.faults.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_when_the_event_is_stored),
		cmocka_unit_test(knows_a_module),
		cmocka_unit_test(takes_many_at_once),
		cmocka_unit_test(refuses_what_is_no_batch),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(forgets_who_waits_no_more),
		cmocka_unit_test(gives_messages_to_the_device),
		cmocka_unit_test(settles_under_its_lock),
		cmocka_unit_test(tells_the_sender),
		cmocka_unit_test(purges_the_queue),
		cmocka_unit_test(refuses_strangers),
		cmocka_unit_test(throttles_events),
		cmocka_unit_test(fails_as_it_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, hub_tear_down);
}
