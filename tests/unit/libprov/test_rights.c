/* A 401 has one form for a wrong key and for a right that is lacking. */
#include "answers.h"

#define REFUSED FAILURE("IotHubUnauthorizedAccess", "Unauthorized")
#define POLICY(name)                                                                     \
	"SharedAccessKeyName=" name ";SharedAccessKey=" TEST_KEY,                        \
		"the policy \"" name "\""
#define TOKEN(policy)                                                                    \
	"SharedAccessSignature=SharedAccessSignature "                                   \
	"sr=myhub.azure-devices.net&sig=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA%"    \
	"3D" policy "&se=4000000000"

#define GET_401                                                                          \
	{                                                                                \
		"GET /devices/d1?", NULL, 401, NULL, REFUSED, 0                          \
	}
#define PUT_401                                                                          \
	{                                                                                \
		"PUT /devices/d1?", NULL, 401, NULL, REFUSED, 0                          \
	}
#define TWIN_401                                                                         \
	{                                                                                \
		"GET /twins/d1?", NULL, 401, NULL, REFUSED, 0                            \
	}
/* The question that tells. */
#define ASK_READ(status, body)                                                           \
	{                                                                                \
		"GET /devices/stmiot-probe?", NULL, status, NULL, body, 0                \
	}
#define ASK_SERVICE(status, body)                                                        \
	{                                                                                \
		"GET /twins/stmiot-probe?", NULL, status, NULL, body, 0                  \
	}

enum what { SHOW, CREATE, TWIN };

static const struct row {
	const char *credentials, *names; /* the words for them */
	enum what what;
	struct fake_step steps[3];
	int rc;
	const char *says, *hint;
} rows[] = {
	/* Built in: what it may do is known, and only that is asked for. */
	{ POLICY("iothubowner"),
	  SHOW,
	  { GET_401 },
	  PROV_ERR_KEY,
	  "does not take the key",
	  "again" },
	{ POLICY("registryRead"),
	  SHOW,
	  { GET_401 },
	  PROV_ERR_KEY,
	  "does not take the key",
	  "again" },
	{ POLICY("registryRead"),
	  CREATE,
	  { PUT_401, ASK_READ(404, NOT_FOUND) },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryWrite",
	  "registryReadWrite" },
	{ POLICY("registryRead"),
	  CREATE,
	  { PUT_401, ASK_READ(401, REFUSED) },
	  PROV_ERR_KEY,
	  "does not take the key",
	  "again" },
	{ POLICY("registryReadWrite"),
	  TWIN,
	  { TWIN_401, ASK_READ(404, NOT_FOUND) },
	  PROV_ERR_RIGHT,
	  "lacks the right ServiceConnect",
	  "policy service" },
	{ POLICY("registryReadWrite"),
	  TWIN,
	  { TWIN_401, ASK_READ(401, "") },
	  PROV_ERR_KEY,
	  "does not take the key",
	  "again" },
	{ POLICY("service"),
	  SHOW,
	  { GET_401, ASK_SERVICE(200, "{}") },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryRead",
	  "registryReadWrite" },
	{ POLICY("service"),
	  SHOW,
	  { GET_401, ASK_SERVICE(401, REFUSED) },
	  PROV_ERR_KEY,
	  "does not take the key",
	  "again" },
	/* It has nothing that could be asked for: both are said. */
	{ POLICY("device"),
	  SHOW,
	  { GET_401 },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryRead",
	  "its key may be wrong too" },
	/* The question has no answer (on a kept connection curl asks again). */
	{ POLICY("service"),
	  SHOW,
	  { GET_401, ASK_SERVICE(500, "") },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryRead",
	  "its key may be wrong too" },
	{ POLICY("service"),
	  SHOW,
	  { GET_401, ASK_SERVICE(0, NULL), ASK_SERVICE(0, NULL) },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryRead",
	  "its key may be wrong too" },
	/* Of the user's own making: it may have any right. */
	{ POLICY("line"),
	  SHOW,
	  { GET_401, ASK_SERVICE(404, NOT_FOUND) },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryRead",
	  "registryReadWrite" },
	{ POLICY("line"),
	  SHOW,
	  { GET_401, ASK_SERVICE(401, REFUSED) },
	  PROV_ERR_KEY,
	  ", or it lacks the right RegistryRead",
	  "see that it has RegistryRead" },
	{ POLICY("line"),
	  CREATE,
	  { PUT_401, ASK_READ(401, REFUSED), ASK_SERVICE(404, NOT_FOUND) },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryWrite",
	  "registryReadWrite" },
	{ POLICY("line"),
	  CREATE,
	  { PUT_401, ASK_READ(401, REFUSED), ASK_SERVICE(401, REFUSED) },
	  PROV_ERR_KEY,
	  "does not take the key",
	  "see that it has RegistryWrite" },
	{ POLICY("line"),
	  TWIN,
	  { TWIN_401, ASK_READ(503, "") },
	  PROV_ERR_KEY,
	  "does not take the key",
	  "see that it has ServiceConnect" },
	/* The hub says it itself. */
	{ POLICY("line"),
	  SHOW,
	  { { "GET /devices/d1?", NULL, 401, NULL,
	      FAILURE("IotHubUnauthorizedAccess", "p is not authorized for Read"), 0 } },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryRead",
	  "registryReadWrite" },
	/* A ready-made token names its policy; that of a device has none. */
	{ TOKEN("&skn=service"),
	  "the policy \"service\"",
	  SHOW,
	  { GET_401, ASK_SERVICE(404, NOT_FOUND) },
	  PROV_ERR_RIGHT,
	  "lacks the right RegistryRead",
	  "registryReadWrite" },
	{ TOKEN("&skn=iothubowner"),
	  "this token",
	  SHOW,
	  { GET_401 },
	  PROV_ERR_KEY,
	  "does not take",
	  "made for this hub" },
	{ TOKEN(""),
	  "this token",
	  SHOW,
	  { GET_401 },
	  PROV_ERR_KEY,
	  "does not take",
	  "names no policy" },
};

static int do_it(struct prov_hub *hub, enum what what, struct prov_error *err)
{
	const struct prov_device d1 = { .id = "d1" };
	char *twin = NULL;

	switch (what) {
	case SHOW:
		return prov_device_get(hub, "d1", NULL, err);
	case CREATE:
		return prov_device_create(hub, &d1, NULL, err);
	default:
		return prov_twin_get(hub, "d1", &twin, err);
	}
}

static void test_questions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct prov_error err = { 0 };
		struct fake_hub *fake;
		struct prov_hub *hub;
		size_t n = 0;
		int rc;

		while (n < COUNT(row->steps) && row->steps[n].want)
			n++;
		fake = fake_start(row->steps, n);
		hub = fake_open_as(fake, row->credentials, NULL);
		rc = do_it(hub, row->what, &err);
		prov_hub_close(hub);
		if (rc != row->rc || !strstr(err.msg, row->says) ||
		    !strstr(err.msg, row->names) || !strstr(err.hint, row->hint))
			fail_msg("%zu, %s: %d %s / %s", i, row->credentials, rc, err.msg,
				 err.hint);
		assert_int_equal(err.http_status, 401);
		fake_end(fake);
	}
}

/* What has been answered before needs no question. */
static void test_what_is_known(void **state)
{
	static const struct fake_step steps[] = {
		{ "GET /devices/d1?", NULL, 200, NULL, DEVICE("d1"), 0 },
		PUT_401,
		TWIN_401,
		GET_401,
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open_as(
		fake, "SharedAccessKeyName=line;SharedAccessKey=" TEST_KEY, NULL);
	struct prov_error err;

	(void)state;
	assert_int_equal(do_it(hub, SHOW, &err), 0);
	assert_int_equal(do_it(hub, CREATE, &err), PROV_ERR_RIGHT);
	assert_int_equal(do_it(hub, TWIN, &err), PROV_ERR_RIGHT);
	/* It has had this right: the key is another one since. */
	assert_int_equal(do_it(hub, SHOW, &err), PROV_ERR_KEY);
	prov_hub_close(hub);
	fake_end(fake);
}

static void test_roles(void **state)
{
	static const struct fake_step steps[] = {
		GET_401, GET_401, ASK_SERVICE(404, NOT_FOUND), PUT_401, PUT_401,
	};
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub =
		fake_open(fake, &(struct prov_hub_opts){ .token_command = "echo t" });
	struct prov_error err;

	(void)state;
	assert_int_equal(do_it(hub, SHOW, &err), PROV_ERR_RIGHT);
	assert_non_null(strstr(err.hint, "IoT Hub Registry Contributor"));
	assert_int_equal(do_it(hub, CREATE, &err), PROV_ERR_RIGHT);
	prov_hub_close(hub);
	fake_end(fake);
}

/* Many at once: nobody is told less than the first. */
static void test_many(void **state)
{
	static const struct fake_step steps[] = {
		GET_401,
		ASK_SERVICE(404, NOT_FOUND),
	};
	struct prov_job jobs[4];
	struct fake_hub *fake = fake_start(steps, COUNT(steps));
	struct prov_hub *hub = fake_open_as(
		fake, "SharedAccessKeyName=service;SharedAccessKey=" TEST_KEY, NULL);
	struct prov_error err;

	(void)state;
	memset(jobs, 0, sizeof(jobs));
	for (size_t i = 0; i < COUNT(jobs); i++) {
		jobs[i].op = PROV_OP_GET;
		jobs[i].id = "d1";
	}
	assert_int_equal(prov_run(hub, jobs, COUNT(jobs), 1, NULL, NULL, &err),
			 PROV_ERR_RIGHT);
	assert_int_equal(jobs[0].error.code, PROV_ERR_RIGHT);
	assert_int_equal(jobs[3].error.code, PROV_ERR_RIGHT);
	prov_jobs_clear(jobs, COUNT(jobs));
	prov_hub_close(hub);
	fake_end(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_what_is_known),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
