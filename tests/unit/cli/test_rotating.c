/* The end of a rotation, against a hub that answers by a script. */
#include "fake_hub.h"
#include "provisioning.h"
#include "state_folder.h"

#define OLD   "01DD"
#define NEW   "02DD"
#define KEY_2 "HxECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

#define SINCE  INT64_C(1700000000) /* 2023-11-14T22:13:20Z */
#define BEFORE "2023-11-14T22:00:00Z"
#define AFTER  "2023-11-14T23:00:00Z"
#define GET    "GET /devices/dev?"
#define PUT    "PUT /devices/dev?"
#define SELF(primary, secondary)                                                         \
	"{\"type\":\"selfSigned\",\"x509Thumbprint\":{\"primaryThumbprint\":" primary    \
	",\"secondaryThumbprint\":" secondary "}}"
#define SAS                                                                              \
	"{\"type\":\"sas\",\"symmetricKey\":{\"primaryKey\":\"" TEST_KEY                 \
	"\",\"secondaryKey\":\"" KEY_2 "\"}}"
#define DEVICE(seen, authentication)                                                     \
	"{\"deviceId\":\"dev\",\"etag\":\"MQ==\",\"status\":\"enabled\","                \
	"\"lastActivityTime\":\"" seen "\",\"authentication\":" authentication "}"

#define QUOTED(text) "\"" text "\""

static void begin(const char *rotation)
{
	struct provision_lock *lock = NULL;
	struct provision_journal j;
	struct dfu_error err;

	assert_int_equal(provision_journal_open(SERIAL, &lock, &j, &err), 0);
	j.step = STEP_COMMITTED;
	snprintf(j.device_id, sizeof(j.device_id), "dev");
	snprintf(j.hub, sizeof(j.hub), FAKE_HOST);
	snprintf(j.rotation, sizeof(j.rotation), "%s", rotation);
	j.rotated_at = SINCE;
	assert_int_equal(provision_journal_save(lock, &j, &err), 0);
	provision_journal_close(lock);
}

/* Is the rotation still open? */
static bool is_open(void)
{
	struct provision_journal j;

	assert_true(provision_journal_peek(SERIAL, &j));
	return j.rotation[0] != '\0';
}

static int finish(const char *rotation, const struct fake_step *steps, size_t n)
{
	struct fake_hub *fake = fake_start(steps, n);
	struct prov_hub *hub = fake_open(fake, NULL);
	int status;

	begin(rotation);
	status = rotate_finish(hub, "dev");
	prov_hub_close(hub);
	fake_end(fake);
	return status;
}

static void test_certificate(void **state)
{
	static const struct fake_step second[] = {
		{ GET, NULL, 200, NULL, DEVICE(AFTER, SELF(QUOTED(OLD), QUOTED(NEW))),
		  0 },
		{ GET, NULL, 200, NULL, DEVICE(AFTER, SELF(QUOTED(OLD), QUOTED(NEW))),
		  0 },
		{ PUT, SELF(QUOTED(NEW), "null"), 200, NULL,
		  DEVICE(AFTER, SELF(QUOTED(NEW), "null")), 0 },
	};
	static const struct fake_step first[] = {
		{ GET, NULL, 200, NULL, DEVICE(AFTER, SELF(QUOTED(NEW), QUOTED(OLD))),
		  0 },
		{ GET, NULL, 200, NULL, DEVICE(AFTER, SELF(QUOTED(NEW), QUOTED(OLD))),
		  0 },
		{ PUT, SELF(QUOTED(NEW), "null"), 200, NULL,
		  DEVICE(AFTER, SELF(QUOTED(NEW), "null")), 0 },
	};

	(void)state;
	assert_int_equal(finish("secondary", second, COUNT(second)), EXIT_DONE);
	assert_false(is_open());
	assert_int_equal(finish("primary", first, COUNT(first)), EXIT_DONE);
	assert_false(is_open());
}

/* A run that was cut off behind the change: the new one is the only one, and stays. */
static void test_certificate_again(void **state)
{
	static const struct fake_step steps[] = {
		{ GET, NULL, 200, NULL, DEVICE(AFTER, SELF(QUOTED(NEW), "null")), 0 },
	};

	(void)state;
	assert_int_equal(finish("primary", steps, COUNT(steps)), EXIT_DONE);
	assert_false(is_open());
	assert_int_equal(finish("secondary", steps, COUNT(steps)), EXIT_DONE);
	assert_false(is_open());
}

static void test_symmetric_key(void **state)
{
	static const struct fake_step steps[] = {
		{ GET, NULL, 200, NULL, DEVICE(AFTER, SAS), 0 },
		{ GET, NULL, 200, NULL, DEVICE(AFTER, SAS), 0 },
		{ PUT, "\"secondaryKey\":\"" KEY_2 "\"", 200, NULL, DEVICE(AFTER, SAS),
		  0 },
	};

	(void)state;
	assert_int_equal(finish("secondary", steps, COUNT(steps)), EXIT_DONE);
	assert_false(is_open());
}

static void test_not_connected(void **state)
{
	static const struct fake_step steps[] = {
		{ GET, NULL, 200, NULL, DEVICE(BEFORE, SAS), 0 },
	};

	(void)state;
	assert_int_equal(finish("secondary", steps, COUNT(steps)), EXIT_FAILED);
	assert_true(is_open());
}

static int set_up(void **state)
{
	globals.json = true; /* nothing among the results of the tests */
	return make_state_folder(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_certificate_again),
		cmocka_unit_test(test_symmetric_key),
		cmocka_unit_test(test_not_connected),
	};

	return cmocka_run_group_tests(tests, set_up, remove_state_folder);
}
