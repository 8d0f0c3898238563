/* Bulk operations against a hub that answers by a script. */
#include "answers.h"

static void test_bulk(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /devices?", "\"importMode\":\"create\"", 400, NULL,
		  "{\"isSuccessful\":false,\"errors\":[{\"deviceId\":\"b\",\"errorCode\":"
		  "\"DeviceAlreadyExists\",\"errorStatus\":\"x\"},{\"deviceId\":\"c\","
		  "\"errorCode\":\"EnforceDeviceHISCompliantKey\"}],\"warnings\":[]}",
		  0 },
		{ "POST /devices?", "\"primaryKey\":\"\"", 200, NULL,
		  "{\"isSuccessful\":true,\"errors\":[],\"warnings\":[]}", 0 },
		{ "GET /devices/", NULL, 200, NULL, DEVICE("b"), 0 },
		{ "GET /devices/", NULL, 200, NULL, DEVICE("c"), 0 },
	};
	struct prov_bulk_row rows[4] = { 0 };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	strcpy(rows[0].device.id, "a");
	strcpy(rows[1].device.id, "b");
	strcpy(rows[2].device.id, "c");
	strcpy(rows[3].device.id, "d/d");
	assert_int_equal(prov_bulk(hub, PROV_BULK_ENSURE, rows, 4, 1, NULL, NULL, &err),
			 PROV_ERR_ARG);
	for (size_t i = 0; i < 3; i++) {
		assert_true(rows[i].done);
		assert_int_equal(rows[i].rc, 0);
		assert_non_null(rows[i].device.primary_key);
	}
	assert_false(rows[0].existed);
	assert_true(rows[1].existed);
	assert_false(rows[2].existed);
	assert_int_equal(rows[3].rc, PROV_ERR_ARG);
	for (size_t i = 0; i < 4; i++)
		prov_device_clear(&rows[i].device);
	prov_hub_close(hub);
	fake_end(fake);
}

/* The first request made them, but its answer was lost. */
static void test_bulk_unanswered(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /devices?", NULL, 0, NULL, NULL, 0 },
		{ "POST /devices?", NULL, 400, NULL,
		  "{\"isSuccessful\":false,\"errors\":[{\"deviceId\":\"d1\","
		  "\"errorCode\":"
		  "409001}]}",
		  0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
		/* And now they are somebody else's. */
		{ "POST /devices?", NULL, 0, NULL, NULL, 0 },
		{ "POST /devices?", NULL, 400, NULL,
		  "{\"isSuccessful\":false,\"errors\":[{\"deviceId\":\"d1\","
		  "\"errorCode\":"
		  "409001}]}",
		  0 },
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
	};
	struct prov_bulk_row row = { .device = { .id = "d1" } };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	row.device.primary_key = test_key(TEST_KEY);
	row.device.secondary_key = test_key(OTHER_KEY);
	assert_int_equal(prov_bulk(hub, PROV_BULK_CREATE, &row, 1, 1, NULL, NULL, &err),
			 0);
	prov_device_clear(&row.device);
	strcpy(row.device.id, "d1");
	assert_int_equal(prov_bulk(hub, PROV_BULK_CREATE, &row, 1, 1, NULL, NULL, &err),
			 PROV_ERR_EXISTS);
	prov_device_clear(&row.device);
	prov_hub_close(hub);
	fake_end(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_bulk_unanswered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
