/* Devices that have a hub, and ask the Device Provisioning Service again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_presence.h"
#include "provisioning.h"
#include "twin.h"

static int set_up(void **state)
{
	(void)state;
	scratch_make();
	open_hub();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hub_close(&hub);
	scratch_remove();
	return 0;
}

#define AGAIN                                                                            \
	KEYS ",\"initialTwin\":{\"properties\":{\"desired\":{\"a\":1}}},"                \
	     "\"reprovisionPolicy\":{\"updateHubAssignment\":%s,"                        \
	     "\"migrateDeviceData\":%s}}"

/* Registers again after the twin was changed; the device, which the caller frees. */
static struct device again(const char *update, const char *migrate, const char *substatus)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT], body[400];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-7" };
	struct json *json, *report = parse("{\"b\":2}");
	struct device device;

	snprintf(body, sizeof(body), AGAIN, update, migrate);
	assert_null(enroll(false, "reg-7", parse(body)));
	keys_of(false, "reg-7", primary, secondary);
	client.token = sign_well(primary, "reg-7");
	json_free(registered(&client, "assigned"));
	device = device_of("reg-7");
	assert_null(twin_report(&device.twin, report, clock_unix_ms()));
	json_free(report);
	strcpy(device.primary, "changed");
	assert_int_equal(store_update(hub.store, &device), 1);
	device_free(&device);
	json = registered(&client, "assigned");
	assert_string_equal(json_get_text(json, "substatus"), substatus);
	json_free(json);
	return device_of("reg-7");
}

static void keeps_data_that_are_to_migrate(void **state)
{
	struct device device = again("true", "true", "initialAssignment");

	(void)state;
	assert_string_equal(device.twin.reported, "{\"b\":2}");
	assert_string_not_equal(device.primary, "changed");
	device_free(&device);
}

static void resets_data_that_are_not(void **state)
{
	struct device device;
	struct fake fake;

	(void)state;
	come(&hub.presences, &fake, "reg-7", "", true);
	device = again("true", "false", "deviceDataReset");
	/* it is connected, and told each time */
	assert_int_equal(fake.desireds, 2);
	assert_non_null(strstr(fake.desired, "{\"a\":1,\"$version\":"));
	go(&hub.presences, &fake);
	assert_null(device.twin.reported);
	assert_string_equal(device.twin.desired, "{\"a\":1}");
	assert_string_not_equal(device.primary, "changed");
	device_free(&device);
}

static void leaves_alone_what_stays_where_it_is(void **state)
{
	struct device device = again("false", "false", "deviceDataReset");

	(void)state;
	assert_string_equal(device.primary, "changed");
	device_free(&device);
}

static void follows_an_enrollment_to_another_device(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-7" };
	struct device device;
	struct json *json;

	(void)state;
	assert_null(enroll(false, "reg-7",
			   parse(KEYS ",\"deviceId\":\"moved\",\"reprovisionPolicy\":"
				      "{\"updateHubAssignment\":false}}")));
	keys_of(false, "reg-7", primary, secondary);
	client.token = sign_well(primary, "reg-7");
	json = registered(&client, "assigned");
	assert_string_equal(json_get_text(json, "deviceId"), "moved");
	assert_string_equal(json_get_text(json, "substatus"), "initialAssignment");
	json_free(json);
	device = device_of("moved");
	assert_string_equal(device.primary, primary);
	device_free(&device);
}

static void makes_a_device_anew_that_was_deleted(void **state)
{
	char primary[DPS_KEY_TEXT], secondary[DPS_KEY_TEXT];
	struct dps_client client = { .scope = hub.dps->scope, .id = "reg-7" };
	struct device device;

	(void)state;
	assert_int_equal(store_delete(hub.store, "reg-7", ""), 1);
	keys_of(false, "reg-7", primary, secondary);
	client.token = sign_well(primary, "reg-7");
	json_free(registered(&client, "assigned"));
	device = device_of("reg-7");
	assert_string_equal(device.primary, primary);
	assert_string_equal(device.twin.desired, "{\"a\":1}");
	device_free(&device);
}

static void keeps_all_of_it(void **state)
{
	char scope[DPS_SCOPE_TEXT], key[SECRET_MAX + 1];
	struct registration registration;

	(void)state;
	strcpy(scope, hub.dps->scope);
	strcpy(key, hub.dps->owner.primary);
	hub_close(&hub);
	open_hub();
	assert_string_equal(hub.dps->scope, scope);
	assert_string_equal(hub.dps->owner.primary, key);
	assert_int_equal(roll_get_registration(hub.dps->roll, "reg-7", &registration), 1);
	assert_string_equal(registration.device, "moved");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_data_that_are_to_migrate),
		cmocka_unit_test(resets_data_that_are_not),
		cmocka_unit_test(leaves_alone_what_stays_where_it_is),
		cmocka_unit_test(makes_a_device_anew_that_was_deleted),
		cmocka_unit_test(follows_an_enrollment_to_another_device),
		cmocka_unit_test(keeps_all_of_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
