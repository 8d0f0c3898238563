/* `device call`, of a device that answers by a script. */
#include "device.h"

#include "answers.h"

#include <unistd.h>

static const struct {
	const char *line; /* what it is asked by */
	const char *id, *method, *payload;
	bool json;
	int code; /* of HTTP */
	const char *answer;
	int status;
	const char *printed;
} rows[] = {
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, false, 200,
	  "{\"status\":200,\"payload\":{\"ok\":true}}", EXIT_DONE,
	  "{\n  \"ok\": true\n}\n" },
	{ "POST /twins/d1/methods?", "d1", "reboot", "{\"in\":1}", true, 200,
	  "{\"status\":299,\"payload\":[1]}", EXIT_DONE,
	  "{\n  \"status\": 299,\n  \"payload\": [\n    1\n  ]\n}\n" },
	/* The device's own word: printed all the same. */
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, false, 200,
	  "{\"status\":300,\"payload\":\"later\"}", EXIT_FAILED, "\"later\"\n" },
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, true, 200, "{\"status\":500}",
	  EXIT_FAILED, "{\n  \"status\": 500,\n  \"payload\": null\n}\n" },
	{ "POST /twins/d1/modules/m1/methods?", "d1/m1", "reboot", NULL, false, 200,
	  "{\"status\":200,\"payload\":null}", EXIT_DONE, "null\n" },
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, false, 404,
	  FAILURE("DeviceNotOnline", "no"), EXIT_SERVICE, "" },
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, false, 404, NOT_FOUND,
	  EXIT_SERVICE, "" },
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, false, 504,
	  FAILURE("GatewayTimeout", "no"), EXIT_SERVICE, "" },
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, false, 429,
	  FAILURE("ThrottlingException", "no"), EXIT_SERVICE, "" },
	{ "POST /twins/d1/methods?", "d1", "reboot", NULL, false, 200, "[]", EXIT_SERVICE,
	  "" },
};

static int call(struct prov_hub *hub, size_t i, char *printed, size_t bytes)
{
	char id[64], method[64], payload[64];
	char *argv[] = { id, method, payload };
	int saved = dup(STDOUT_FILENO), ends[2], status;
	ssize_t n;

	snprintf(id, sizeof(id), "%s", rows[i].id);
	snprintf(method, sizeof(method), "%s", rows[i].method);
	snprintf(payload, sizeof(payload), "%s", rows[i].payload ? rows[i].payload : "");
	globals.json = rows[i].json;
	assert_int_equal(pipe(ends), 0);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	status = device_call(hub, rows[i].payload ? 3 : 2, argv);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[1]);
	n = read(ends[0], printed, bytes - 1);
	close(ends[0]);
	printed[n > 0 ? n : 0] = '\0';
	return status;
}

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct fake_step steps[] = {
			{ rows[i].line, rows[i].payload, rows[i].code, NULL,
			  rows[i].answer, 0 },
		};
		struct fake_hub *fake = fake_start(steps, COUNT(steps));
		struct prov_hub *hub =
			fake_open(fake, &(struct prov_hub_opts){ .no_retry = true });
		char printed[256];
		int status = call(hub, i, printed, sizeof(printed));

		if (status != rows[i].status || strcmp(printed, rows[i].printed) != 0)
			fail_msg("%s: %d, %s", rows[i].answer, status, printed);
		prov_hub_close(hub);
		fake_end(fake);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
