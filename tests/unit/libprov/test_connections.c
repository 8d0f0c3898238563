/* The connections of a hub, and how long they are kept. */
#include "answers.h"

/* What was opened for many at once serves the next ones too, though few ran at the end. */
static void test_connections_kept(void **state)
{
	struct fake_step steps[16];
	struct prov_stats stats;
	struct fake_hub *fake;
	struct prov_hub *hub;

	(void)state;
	for (size_t i = 0; i < COUNT(steps); i++)
		steps[i] = (struct fake_step){ .want = "GET /devices/d1?",
					       .status = 200,
					       .body = DEVICE("d1"),
					       .delay_ms = 10 * (unsigned)i };
	fake = fake_start(steps, COUNT(steps));
	hub = fake_open(fake, NULL);
	for (int round = 0; round < 2; round++) {
		struct prov_job jobs[8] = { 0 };

		for (size_t i = 0; i < COUNT(jobs); i++)
			jobs[i] = (struct prov_job){ .op = PROV_OP_GET, .id = "d1" };
		assert_int_equal(prov_run(hub, jobs, 8, 8, NULL, NULL, NULL), 0);
		prov_jobs_clear(jobs, COUNT(jobs));
	}
	prov_hub_stats(hub, &stats);
	assert_int_equal(stats.requests, 16);
	assert_int_equal(stats.connections, 8);
	prov_hub_close(hub);
	fake_end(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
