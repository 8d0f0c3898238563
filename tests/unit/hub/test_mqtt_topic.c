#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mqtt/topic.h"

static struct mqtt_bytes bytes_of(const char *text)
{
	return (struct mqtt_bytes){ text, strlen(text) };
}

static const struct mqtt_user device = { .host = "myhub.azure-devices.net",
					 .device = "dev1" };
static const struct mqtt_user module = { .host = "myhub.azure-devices.net",
					 .device = "dev1",
					 .module = "mod1" };
static const struct mqtt_user dps = { .dps = true,
				      .host = "0ne00000000",
				      .device = "reg1" };

#define RID "5e3c0f2a-9f3c-4a54-9f0b-0d9c8f0f1f11"

/* As the SDKs for Node publish. */
static void knows_the_topics(void **state)
{
	static const struct {
		const struct mqtt_user *user;
		const char *name;
		enum topic_kind kind;
		const char *rid;
	} rows[] = {
		{ &device, "devices/dev1/messages/events/", TOPIC_TELEMETRY, "" },
		{ &device, "$iothub/methods/res/200/?$rid=1", TOPIC_METHOD_RESULT, "1" },
		{ &device, "$iothub/twin/GET/?$rid=" RID, TOPIC_TWIN_GET, RID },
		{ &device, "$iothub/twin/PATCH/properties/reported/?$rid=" RID,
		  TOPIC_TWIN_REPORTED, RID },
		{ &module, "devices/dev1/modules/mod1/messages/events/", TOPIC_TELEMETRY,
		  "" },
		{ &module, "$iothub/methods/res/404/?$rid=a", TOPIC_METHOD_RESULT, "a" },
		{ &module, "$iothub/twin/GET/?$rid=2", TOPIC_TWIN_GET, "2" },
		{ &module, "$iothub/twin/PATCH/properties/reported/?x=1&$rid=2",
		  TOPIC_TWIN_REPORTED, "2" },
		{ &dps, "$dps/registrations/PUT/iotdps-register/?$rid=" RID,
		  TOPIC_DPS_REGISTER, RID },
		{ &dps,
		  "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=" RID
		  "&operationId=4.a%2Fb",
		  TOPIC_DPS_POLL, RID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct topic topic;

		assert_null(
			topic_published(&topic, rows[i].user, bytes_of(rows[i].name)));
		assert_int_equal(topic.kind, rows[i].kind);
		assert_string_equal(topic.rid, rows[i].rid);
	}
}

/* Those of the SDK for Node, and of those for embedded C and .NET that differ. */
static void knows_the_filters(void **state)
{
	static const struct {
		const struct mqtt_user *user;
		const char *filter;
		enum topic_kind kind;
	} rows[] = {
		{ &device, "devices/dev1/messages/devicebound/#", TOPIC_C2D },
		{ &device, "devices/+/messages/devicebound/#", TOPIC_C2D },
		{ &device, "$iothub/methods/POST/#", TOPIC_METHODS },
		{ &device, "$iothub/twin/res/#", TOPIC_TWIN_RESULTS },
		{ &device, "$iothub/twin/PATCH/properties/desired/#",
		  TOPIC_TWIN_DESIRED },
		{ &module, "devices/dev1/modules/mod1/inputs/#", TOPIC_INPUTS },
		{ &module, "devices/dev1/modules/mod1/#", TOPIC_INPUTS },
		{ &module, "$iothub/methods/POST/#", TOPIC_METHODS },
		{ &module, "$iothub/twin/res/#", TOPIC_TWIN_RESULTS },
		{ &module, "$iothub/twin/PATCH/properties/desired/#",
		  TOPIC_TWIN_DESIRED },
		{ &dps, "$dps/registrations/res/#", TOPIC_DPS_RESULTS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct topic topic;

		assert_null(
			topic_subscribed(&topic, rows[i].user, bytes_of(rows[i].filter)));
		assert_int_equal(topic.kind, rows[i].kind);
	}
}

static void gives_the_bag(void **state)
{
	static const char name[] = "devices/dev1/messages/events/"
				   "%24.mid=id1&%24.ct=application%2Fjson&%24.ce=utf-8&"
				   "k%20%C3%A9=v%3D1%262";
	struct topic topic;

	(void)state;
	assert_null(topic_published(&topic, &device, bytes_of(name)));
	assert_ptr_equal(topic.bag.at, strstr(name, "%24.mid"));
	assert_int_equal(topic.bag.len, strlen(strstr(name, "%24.mid")));
}

static void gives_the_status_of_a_method(void **state)
{
	struct topic topic;

	(void)state;
	assert_null(topic_published(&topic, &device,
				    bytes_of("$iothub/methods/res/404/?$rid=1f")));
	assert_int_equal(topic.status, 404);
	assert_null(topic_published(&topic, &device,
				    bytes_of("$iothub/methods/res/-1/?$rid=1f")));
	assert_int_equal(topic.status, -1);
}

static void gives_the_version_of_a_patch(void **state)
{
	static const struct {
		const char *name;
		int version;
	} rows[] = {
		{ "$iothub/twin/PATCH/properties/reported/?$rid=1&$version=7", 7 },
		{ "$iothub/twin/PATCH/properties/reported/?$rid=1&$version=", -1 },
		{ "$iothub/twin/PATCH/properties/reported/?$rid=1", -1 },
		{ "$iothub/twin/GET/?$rid=1&$version=x", -1 },
	};
	struct topic topic;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(topic_published(&topic, &device, bytes_of(rows[i].name)));
		assert_int_equal(topic.version, rows[i].version);
	}
}

static void gives_the_operation(void **state)
{
	struct topic topic;

	(void)state;
	assert_null(topic_published(
		&topic, &dps,
		bytes_of("$dps/registrations/GET/iotdps-get-operationstatus/"
			 "?$rid=1&operationId=4.a%2Fb")));
	assert_string_equal(topic.operation, "4.a/b");
}

/* What some SDKs percent-encode, and others send as it is. */
static void knows_ids_in_either_form(void **state)
{
	static const struct mqtt_user odd = { .host = "h.x", .device = "a%b?=!'" };
	static const char *const names[] = {
		"devices/a%b?=!'/messages/events/",
		"devices/a%25b%3F%3D%21%27/messages/events/",
		"devices/a%25b?=!'/messages/events/",
	};
	struct topic topic;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_null(topic_published(&topic, &odd, bytes_of(names[i])));
}

static void refuses_to_publish(void **state)
{
	static const struct {
		const struct mqtt_user *user;
		const char *name;
		const char *why;
	} rows[] = {
		{ &device, "devices/dev2/messages/events/", "another device's" },
		{ &device, "devices/DEV1/messages/events/", "another device's" },
		{ &device, "devices/dev/messages/events/", "another device's" },
		{ &device, "devices/dev11/messages/events/", "another device's" },
		{ &module, "devices/dev1/modules/mod2/messages/events/",
		  "another device's" },
		{ &module, "devices/dev2/modules/mod1/messages/events/",
		  "another device's" },
		{ &module, "devices/dev1/messages/events/", "another kind" },
		{ &device, "devices/dev1/modules/mod1/messages/events/", "another kind" },
		{ &dps, "$iothub/twin/GET/?$rid=1", "another kind" },
		{ &device, "$dps/registrations/PUT/iotdps-register/?$rid=1",
		  "another kind" },
		{ &device, "devices/dev1/messages/events", "no topic" },
		{ &device, "devices/dev1/messages/devicebound/", "no topic" },
		{ &device, "$iothub/twin/res/200/?$rid=1", "no topic" },
		{ &device, "$iothub/methods/res/ok/?$rid=1", "no topic" },
		{ &device, "$iothub/methods/res/99999999999/?$rid=1", "no topic" },
		{ &device, "$iothub/methods/res/200", "no topic" },
		{ &device, "$IOTHUB/twin/GET/?$rid=1", "no topic" },
		{ &device, "temperature", "no topic" },
		{ &device, "/", "no topic" },
		{ &device, "$iothub/twin/GET/?", "no $rid" },
		{ &device, "$iothub/twin/GET/?$rid=", "no $rid" },
		{ &device, "$iothub/twin/GET/?rid=1", "no $rid" },
		{ &device, "$iothub/twin/PATCH/properties/reported/?$rid=1&$version=x",
		  "no number" },
		{ &dps, "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1",
		  "no operationId" },
		{ &dps,
		  "$dps/registrations/GET/iotdps-get-operationstatus/"
		  "?$rid=1&operationId=%zz",
		  "operationId" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct topic topic;
		const char *wrong =
			topic_published(&topic, rows[i].user, bytes_of(rows[i].name));

		if (!wrong || !strstr(wrong, rows[i].why))
			fail_msg("%s: %s", rows[i].name, wrong ? wrong : "taken");
	}
}

static void refuses_to_subscribe(void **state)
{
	static const struct {
		const struct mqtt_user *user;
		const char *filter;
		const char *why;
	} rows[] = {
		{ &device, "#", "no topic" },
		{ &device, "$iothub/#", "no topic" },
		{ &device, "devices/dev1/messages/events/#", "no topic" },
		{ &device, "devices/dev1/messages/devicebound/#/", "no topic" },
		{ &device, "$iothub/twin/res/200", "no topic" },
		{ &device, "devices/+/messages/events/#", "no topic" },
		{ &device, "devices/dev2/messages/devicebound/#", "another device's" },
		{ &module, "devices/dev1/messages/devicebound/#", "another kind" },
		{ &device, "devices/dev1/modules/m/inputs/#", "another kind" },
		{ &dps, "$iothub/methods/POST/#", "another kind" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct topic topic;
		const char *wrong =
			topic_subscribed(&topic, rows[i].user, bytes_of(rows[i].filter));

		if (!wrong || !strstr(wrong, rows[i].why))
			fail_msg("%s: %s", rows[i].filter, wrong ? wrong : "taken");
	}
}

static void has_limits(void **state)
{
	char long_rid[TOPIC_RID_MAX + 2];
	struct text text = { 0 };
	struct topic topic;

	(void)state;
	memset(long_rid, 'r', sizeof(long_rid) - 1);
	long_rid[TOPIC_RID_MAX] = '\0';
	text_add(&text, "$iothub/twin/GET/?$rid=%s", long_rid);
	assert_null(topic_published(&topic, &device, bytes_of(text.at)));
	assert_string_equal(topic.rid, long_rid);
	text_add(&text, "r");
	assert_non_null(
		strstr(topic_published(&topic, &device, bytes_of(text.at)), "128"));
	for (int i = 0; i < 600; i++)
		text_add(&text, "&");
	assert_non_null(
		strstr(topic_published(&topic, &device, bytes_of(text.at)), "too long"));
	text_free(&text);
}

/* -- those of the hub ------------------------------------------------------------------ */

static void wrote(struct text *text, const char *topic)
{
	assert_string_equal(text->at, topic);
	text_free(text);
}

static void writes_topics(void **state)
{
	static const struct bag_property list[] = {
		{ BAG_TO, "$.to", "/devices/dev1/messages/devicebound" },
		{ BAG_APPLICATION, "p1", "v1" },
	};
	static const struct mqtt_user odd = { .host = "h.x", .device = "a+b#%" };
	struct text text = { 0 };

	(void)state;
	topic_write_c2d(&text, &device, list, 2);
	wrote(&text, "devices/dev1/messages/devicebound/"
		     "%24.to=%2Fdevices%2Fdev1%2Fmessages%2Fdevicebound&p1=v1");
	topic_write_c2d(&text, &odd, list, 0); /* no topic may hold + or # */
	wrote(&text, "devices/a%2Bb%23%25/messages/devicebound/");
	topic_write_input(&text, &module, "in1", list + 1, 1);
	wrote(&text, "devices/dev1/modules/mod1/inputs/in1/p1=v1");
	topic_write_method(&text, "reboot", "1f");
	wrote(&text, "$iothub/methods/POST/reboot/?$rid=1f");
	topic_write_twin_result(&text, 200, RID, -1);
	wrote(&text, "$iothub/twin/res/200/?$rid=" RID);
	topic_write_twin_result(&text, 204, RID, 3);
	wrote(&text, "$iothub/twin/res/204/?$rid=" RID "&$version=3");
	topic_write_desired(&text, 7);
	wrote(&text, "$iothub/twin/PATCH/properties/desired/?$version=7");
	topic_write_dps_result(&text, 202, RID, 3);
	wrote(&text, "$dps/registrations/res/202/?$rid=" RID "&retry-after=3");
	topic_write_dps_result(&text, 200, RID, -1);
	wrote(&text, "$dps/registrations/res/200/?$rid=" RID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_topics),
		cmocka_unit_test(knows_the_filters),
		cmocka_unit_test(gives_the_bag),
		cmocka_unit_test(gives_the_status_of_a_method),
		cmocka_unit_test(gives_the_version_of_a_patch),
		cmocka_unit_test(gives_the_operation),
		cmocka_unit_test(knows_ids_in_either_form),
		cmocka_unit_test(refuses_to_publish),
		cmocka_unit_test(refuses_to_subscribe),
		cmocka_unit_test(has_limits),
		cmocka_unit_test(writes_topics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
