#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mqtt/user.h"

static struct mqtt_bytes bytes_of(const char *text)
{
	return (struct mqtt_bytes){ text, strlen(text) };
}

static const char *parse(struct mqtt_user *user, const char *client_id, const char *name)
{
	struct mqtt_connect connect = { .level = MQTT_LEVEL,
					.client_id = bytes_of(client_id),
					.has_user = true,
					.user = bytes_of(name) };

	return mqtt_user_parse(user, &connect);
}

#define HUB   "myhub.azure-devices.net"
#define AGENT "azure-iot-device%2F1.18.4%20(node%20v20.20.2%3B%20Debian%2012%3B%20x64)"

/* azure-iot-device-mqtt 1.16.4 */
static void reads_what_the_sdk_sends(void **state)
{
	struct mqtt_user user;

	(void)state;
	assert_null(parse(&user, "dev1",
			  HUB "/dev1/?api-version=2021-04-12&DeviceClientType=" AGENT));
	assert_false(user.dps);
	assert_string_equal(user.host, HUB);
	assert_string_equal(user.device, "dev1");
	assert_string_equal(user.module, "");
	assert_string_equal(user.api_version, "2021-04-12");
	assert_string_equal(user.agent,
			    "azure-iot-device/1.18.4 (node v20.20.2; Debian 12; x64)");
	assert_string_equal(user.model_id, "");
}

/* azure-iot-provisioning-device-mqtt 1.8.1 */
static void reads_what_the_sdk_sends_to_dps(void **state)
{
	struct mqtt_user user;

	(void)state;
	assert_null(parse(&user, "reg1",
			  "0ne00000000/registrations/reg1/api-version=2019-03-31&"
			  "ClientVersion=a%2F1"));
	assert_true(user.dps);
	assert_string_equal(user.host, "0ne00000000");
	assert_string_equal(user.device, "reg1");
	assert_string_equal(user.module, "");
	assert_string_equal(user.api_version, "2019-03-31");
	assert_string_equal(user.agent, "a/1");
}

static void reads_the_forms(void **state)
{
	static const struct {
		const char *client_id;
		const char *name;
		const char *device;
		const char *module;
		const char *version;
	} rows[] = {
		{ "dev1/mod1", HUB "/dev1/mod1/?api-version=2021-04-12", "dev1", "mod1",
		  "2021-04-12" },
		{ "dev1/mod1",
		  HUB "/dev1/mod1/?DeviceClientType=a&api-version=2020-09-30", "dev1",
		  "mod1", "2020-09-30" },
		{ "dev1", HUB "/dev1/api-version=2016-11-14", "dev1", "", "2016-11-14" },
		{ "dev1", HUB "/dev1/DeviceClientType=a%2Fb&api-version=2016-11-14",
		  "dev1", "", "2016-11-14" },
		{ "dev1/mod1", HUB "/dev1/mod1/api-version=2017-06-30", "dev1", "mod1",
		  "2017-06-30" },
		{ "dev1", HUB "/dev1", "dev1", "", "" },
		{ "dev1", HUB "/dev1/", "dev1", "", "" },
		{ "dev1/mod1", HUB "/dev1/mod1", "dev1", "mod1", "" },
		{ "dev1", "localhost:18883/dev1/?api-version=2021-04-12", "dev1", "",
		  "2021-04-12" },
		{ "a?b=c%2F", HUB "/a?b=c%2F/?api-version=2021-04-12", "a?b=c%2F", "",
		  "2021-04-12" },
		/* a device with a module, and none of DPS's */
		{ "registrations/m", HUB "/registrations/m/?api-version=2021-04-12",
		  "registrations", "m", "2021-04-12" },
		{ "registrations/m", "localhost/registrations/m", "registrations", "m",
		  "" },
		{ "registrations/m", "0nehub.azure-devices.net/registrations/m",
		  "registrations", "m", "" },
		{ "registrations/m", "0nelocal:8883/registrations/m", "registrations",
		  "m", "" },
		/* an id that is much like a query */
		{ "dev1/my-api-version=1",
		  HUB "/dev1/my-api-version=1/?api-version=2021-04-12", "dev1",
		  "my-api-version=1", "2021-04-12" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mqtt_user user;
		const char *wrong = parse(&user, rows[i].client_id, rows[i].name);

		if (wrong)
			fail_msg("%s: %s", rows[i].name, wrong);
		assert_false(user.dps);
		assert_string_equal(user.device, rows[i].device);
		assert_string_equal(user.module, rows[i].module);
		assert_string_equal(user.api_version, rows[i].version);
	}
}

static void reads_the_model(void **state)
{
	struct mqtt_user user;

	(void)state;
	assert_null(parse(&user, "dev1",
			  HUB "/dev1/?api-version=2021-04-12&model-id="
			      "dtmi%3Acom%3Aexample%3AThermostat%3B1"));
	assert_string_equal(user.model_id, "dtmi:com:example:Thermostat;1");
}

static void refuses(void **state)
{
	static const struct {
		const char *client_id;
		const char *name;
		const char *why;
	} rows[] = {
		{ "dev1", "", "HOST/DEVICE" },
		{ "dev1", HUB, "HOST/DEVICE" },
		{ "dev1", "/dev1/?api-version=2021-04-12", "host" },
		{ "", HUB "//?api-version=2021-04-12", "device id" },
		{ "d v", HUB "/d v/?api-version=2021-04-12", "device id" },
		{ "d/m m", HUB "/d/m m/?api-version=2021-04-12", "module id" },
		{ "d/m", HUB "/d/m/x/?api-version=2021-04-12", "too many" },
		{ "dev2", HUB "/dev1/?api-version=2021-04-12", "device id of" },
		{ "dev11", HUB "/dev1/?api-version=2021-04-12", "device id of" },
		{ "dev", HUB "/dev1/?api-version=2021-04-12", "device id of" },
		{ "", HUB "/dev1/?api-version=2021-04-12", "device id of" },
		{ "DEV1", HUB "/dev1/?api-version=2021-04-12", "device id of" },
		{ "dev1/mod1", HUB "/dev1/?api-version=2021-04-12", "device id of" },
		{ "dev1", HUB "/dev1/mod1/?api-version=2021-04-12", "DEVICE/MODULE" },
		{ "dev1/mod2", HUB "/dev1/mod1/?api-version=2021-04-12",
		  "DEVICE/MODULE" },
		{ "dev1-mod1", HUB "/dev1/mod1/?api-version=2021-04-12",
		  "DEVICE/MODULE" },
		{ "reg2", "0ne00000000/registrations/reg1/api-version=2019-03-31",
		  "registration" },
		{ "dev1", HUB "/dev1/?api-version=2021-04-12&model-id=%zz", "encoded" },
		{ "dev1", HUB "/dev1/?api-version=2021-04-12-and-so-on-and-on",
		  "api-version" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mqtt_user user;
		const char *wrong = parse(&user, rows[i].client_id, rows[i].name);

		if (!wrong || !strstr(wrong, rows[i].why))
			fail_msg("%s: %s", rows[i].name, wrong ? wrong : "taken");
	}
}

static void needs_a_user_name(void **state)
{
	struct mqtt_connect connect = { .level = MQTT_LEVEL,
					.client_id = bytes_of("dev1") };
	struct mqtt_user user;

	(void)state;
	assert_non_null(mqtt_user_parse(&user, &connect));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_the_sdk_sends),
		cmocka_unit_test(reads_what_the_sdk_sends_to_dps),
		cmocka_unit_test(reads_the_forms),
		cmocka_unit_test(reads_the_model),
		cmocka_unit_test(refuses),
		cmocka_unit_test(needs_a_user_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
