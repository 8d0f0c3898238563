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

#define ROWS_FAIL(...) "{\"isSuccessful\":false,\"errors\":[" __VA_ARGS__ "]}"
#define ROW_FAILS(id, code, text)                                                        \
	"{\"deviceId\":\"" id "\",\"errorCode\":" code ",\"errorStatus\":\"" text "\"}"
#define ALL_WELL "{\"isSuccessful\":true,\"errors\":[],\"warnings\":[]}"

/* How many waits, and how long together. */
static void on_wait(void *ctx, unsigned ms, const char *why)
{
	unsigned *waits = ctx;

	assert_non_null(strstr(why, "throttling"));
	waits[0]++;
	waits[1] += ms;
}

static void make_rows(struct prov_bulk_row rows[3])
{
	memset(rows, 0, 3 * sizeof(*rows));
	for (size_t i = 0; i < 3; i++) {
		rows[i].device.id[0] = (char)('a' + i);
		rows[i].device.primary_key = test_key(TEST_KEY);
		rows[i].device.secondary_key = test_key(OTHER_KEY);
	}
}

static void clear_rows(struct prov_bulk_row rows[3])
{
	for (size_t i = 0; i < 3; i++)
		prov_device_clear(&rows[i].device);
}

/* Only these are sent again, after the wait that the hub asks for, in its text or header. */
static void test_throttled_rows(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /devices?", "\"id\":\"a\"", 400, NULL,
		  ROWS_FAIL(ROW_FAILS(
			  "b", "\"ThrottlingException\"",
			  "Wait 1 seconds and try again.") "," ROW_FAILS("c", "429001",
									 "")),
		  0 },
		{ "POST /devices?", "\"id\":\"b\"", 400, "Retry-After: 1\r\n" JSON_TYPE,
		  ROWS_FAIL(ROW_FAILS("c", "429005", "Slower.")), 0 },
		{ "POST /devices?", "\"id\":\"c\"", 400, NULL,
		  ROWS_FAIL(ROW_FAILS("c", "\"DeviceThrottlingLimitExceeded\"", "")), 0 },
		{ "POST /devices?", "\"id\":\"c\"", 200, NULL, ALL_WELL, 0 },
	};
	unsigned waits[2] = { 0, 0 };
	struct prov_bulk_row rows[3];
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(
		fake, &(struct prov_hub_opts){ .waiting = on_wait, .ctx = waits });
	struct prov_stats stats;
	struct prov_error err;

	(void)state;
	make_rows(rows);
	assert_int_equal(prov_bulk(hub, PROV_BULK_CREATE, rows, 3, 1, NULL, NULL, &err),
			 0);
	assert_null(strstr(fake_request(fake, 1), "\"id\":\"a\""));
	assert_non_null(strstr(fake_request(fake, 1), "\"id\":\"c\""));
	assert_null(strstr(fake_request(fake, 2), "\"id\":\"b\""));
	for (size_t i = 0; i < 3; i++) {
		assert_true(rows[i].done && rows[i].rc == 0 && !rows[i].existed);
		assert_int_equal(rows[i].error.code, 0);
	}
	assert_int_equal(waits[0], 3);
	assert_in_range(waits[1], 2000, 2100);
	prov_hub_stats(hub, &stats);
	assert_int_equal(stats.retries, 3);
	assert_int_equal(stats.requests, 4);
	clear_rows(rows);
	prov_hub_close(hub);
	fake_end(fake);
}

/* More than the caller has time for, or none at all: told, row by row. */
static void test_throttled_too_long(void **state)
{
	static const struct fake_step step = { "POST /devices?",
					       NULL,
					       400,
					       NULL,
					       ROWS_FAIL(ROW_FAILS(
						       "b", "\"ThrottlingException\"",
						       "Wait 10 seconds and try again.")),
					       0 };
	static const struct prov_hub_opts opts[] = {
		{ .timeout_ms = 2000 },
		{ .no_retry = true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(opts); i++) {
		struct prov_bulk_row rows[3];
		struct fake_hub *fake = fake_start(&step, 1);
		struct prov_hub *hub = fake_open(fake, &opts[i]);
		struct prov_error err;

		make_rows(rows);
		assert_int_equal(
			prov_bulk(hub, PROV_BULK_CREATE, rows, 3, 1, NULL, NULL, &err),
			PROV_ERR_THROTTLED);
		assert_true(rows[0].done && rows[0].rc == 0);
		assert_true(rows[1].done && rows[1].rc == PROV_ERR_THROTTLED);
		assert_true(rows[2].done && rows[2].rc == 0);
		assert_true(*rows[1].error.hint);
		clear_rows(rows);
		prov_hub_close(hub);
		fake_end(fake);
	}
}

/* A row that the lost request may have made stays in doubt when it is throttled. */
static void test_throttled_and_unanswered(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /devices?", NULL, 0, NULL, NULL, 0 },
		{ "POST /devices?", "\"id\":\"a\"", 400, NULL,
		  ROWS_FAIL(ROW_FAILS("b", "429001", "")), 0 },
		{ "POST /devices?", "\"id\":\"b\"", 400, NULL,
		  ROWS_FAIL(ROW_FAILS("b", "409001", "")), 0 },
		{ "GET /devices/b?", NULL, 200, NULL,
		  DEVICE_OF("b", "MQ==", "enabled", "", OTHER_KEY), 0 },
	};
	struct prov_bulk_row rows[3];
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	make_rows(rows);
	assert_int_equal(prov_bulk(hub, PROV_BULK_CREATE, rows, 2, 1, NULL, NULL, &err),
			 PROV_ERR_EXISTS);
	assert_int_equal(rows[0].rc, 0);
	assert_int_equal(rows[1].rc, PROV_ERR_EXISTS);
	clear_rows(rows);
	prov_hub_close(hub);
	fake_end(fake);
}

/* Lost in the repeat: only the rows that were in it are in doubt. */
static void test_lost_repeat(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /devices?", NULL, 400, NULL,
		  ROWS_FAIL(
			  ROW_FAILS("a", "404001", "") "," ROW_FAILS("b", "429001", "")),
		  0 },
		{ "POST /devices?", "\"id\":\"b\"", 401, NULL,
		  FAILURE("IotHubUnauthorized", "The token has expired"), 0 },
	};
	struct prov_bulk_row rows[3];
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	make_rows(rows);
	assert_int_equal(prov_bulk(hub, PROV_BULK_UPDATE, rows, 3, 1, NULL, NULL, &err),
			 PROV_ERR_NOTFOUND);
	assert_int_equal(rows[0].rc, PROV_ERR_NOTFOUND);
	assert_int_equal(rows[1].rc, PROV_ERR_EXPIRED);
	assert_true(rows[2].done && rows[2].rc == 0);
	clear_rows(rows);
	prov_hub_close(hub);
	fake_end(fake);
}

/* Updates under ETags that an unanswered request of ours used up, and somebody else. */
static void test_changed_by_us(void **state)
{
	static const struct fake_step steps[] = {
		{ "POST /devices?", "updateIfMatchETag", 0, NULL, NULL, 0 },
		{ "POST /devices?", NULL, 400, NULL,
		  ROWS_FAIL(ROW_FAILS("a", "412001", "")), 0 },
		{ "GET /devices/a?", NULL, 200, NULL,
		  DEVICE_OF("a", "Mg==", "disabled", "", TEST_KEY), 0 },
		{ "POST /devices?", NULL, 0, NULL, NULL, 0 },
		{ "POST /devices?", NULL, 400, NULL,
		  ROWS_FAIL(ROW_FAILS("a", "\"PreconditionFailed\"", "")), 0 },
		{ "GET /devices/a?", NULL, 200, NULL,
		  DEVICE_OF("a", "Mw==", "enabled", "", TEST_KEY), 0 },
		/* No answer was lost: no look. */
		{ "POST /devices?", NULL, 400, NULL,
		  ROWS_FAIL(ROW_FAILS("a", "412001", "")), 0 },
	};
	const int want[] = { 0, PROV_ERR_CHANGED, PROV_ERR_CHANGED };
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);
	struct prov_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		struct prov_bulk_row rows[3];

		make_rows(rows);
		rows[0].device.disabled = true;
		strcpy(rows[0].device.etag, "MQ==");
		assert_int_equal(
			prov_bulk(hub, PROV_BULK_UPDATE, rows, 1, 1, NULL, NULL, &err),
			want[i]);
		assert_true(rows[0].done && rows[0].rc == want[i] && !rows[0].existed);
		if (want[i] == 0)
			assert_string_equal(rows[0].device.etag, "Mg==");
		clear_rows(rows);
	}
	prov_hub_close(hub);
	fake_end(fake);
}

/* Every row has two keys of its own, and they are what is sent. */
static void test_bulk_keys(void **state)
{
#define BULK_GOOD "{\"isSuccessful\":true,\"errors\":[],\"warnings\":[]}"
	static const struct fake_step steps[] = {
		{ "POST /devices?", "\"id\":\"d0\"", 200, NULL, BULK_GOOD, 0 },
		{ "POST /devices?", "\"id\":\"d100\"", 200, NULL, BULK_GOOD, 0 },
	};
	static struct prov_bulk_row rows[150];
	const struct prov_secret *keys[2 * COUNT(rows)];
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open(fake, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		snprintf(rows[i].device.id, sizeof(rows[i].device.id), "d%zu", i);
	assert_int_equal(
		prov_bulk(hub, PROV_BULK_CREATE, rows, COUNT(rows), 1, NULL, NULL, NULL),
		0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		keys[2 * i] = rows[i].device.primary_key;
		keys[2 * i + 1] = rows[i].device.secondary_key;
	}
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct prov_secret *text = NULL;

		for (size_t k = 0; k < i; k++)
			assert_false(prov_secret_equal(keys[k], keys[i]));
		assert_int_equal(prov_secret_to_base64(keys[i], &text, NULL), 0);
		assert_non_null(
			strstr(fake_request(fake, i / 200), prov_secret_text(text)));
		prov_secret_free(text);
	}
	for (size_t i = 0; i < COUNT(rows); i++)
		prov_device_clear(&rows[i].device);
	prov_hub_close(hub);
	fake_end(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_bulk_unanswered),
		cmocka_unit_test(test_throttled_rows),
		cmocka_unit_test(test_throttled_too_long),
		cmocka_unit_test(test_throttled_and_unanswered),
		cmocka_unit_test(test_lost_repeat),
		cmocka_unit_test(test_changed_by_us),
		cmocka_unit_test(test_bulk_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
