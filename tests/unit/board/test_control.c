#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#include "control.h"
#include "trace.h"

#define PWR_CR   0x40007000u
#define RCC_CR   0x40023800u
#define RCC_BDCR 0x40023870u

/* A request, and what its answer contains. */
static const struct {
	const char *request, *answer;
} requests_table[] = {
	{ "{\"do\":\"status\"}", "\"serial\":\"208B317A3331\"" },
	{ "{\"do\":\"status\"}",
	  "\"dfu_state\":\"dfuERROR\",\"dfu_status\":\"errFIRMWARE\"" },
	{ "{\"do\":\"status\"}", "\"nwrp\":\"0x0fff\",\"faults\":[]" },
	{ "{\"do\":\"boot0\",\"on\":false}", "{\"ok\":true}" },
	{ "{\"do\":\"reset\"}", "{\"ok\":true}" },
	{ "{\"do\":\"status\"}", "\"boot0\":false,\"mode\":\"running\"" },
	{ "{\"do\":\"press\"}", "{\"ok\":true}" },
	{ "{\"do\":\"leds\"}",
	  "{\"name\":\"LD4\",\"colour\":\"green\",\"pin\":\"PD12\",\"on\":false,"
	  "\"brightness\":0,\"changes\":0}" },
	{ "{\"do\":\"leds\"}", "\"pressed\":true,\"power\":true" },
	{ "{\"do\":\"release\"}", "{\"ok\":true}" },
	{ "{\"do\":\"press\",\"ms\":5}", "{\"ok\":true}" },
	{ "{\"do\":\"press\",\"ms\":0}", "whole number from 1" },
	{ "{\"do\":\"status\"}", "\"unmodelled\":[],\"ports\":[]" },
	{ "{\"do\":\"trace\",\"peripherals\":[\"GPIOZ\"]}", "no peripheral" },
	{ "{\"do\":\"trace\",\"peripherals\":[1]}", "list of texts" },
	{ "{\"do\":\"trace\",\"peripherals\":\"CRC\"}", "list of at most" },
	{ "{\"do\":\"trace\",\"peripherals\":[\"CRC\"]}", "{\"ok\":true}" },
	{ "{\"do\":\"trace\"}", "somebody traces" },
	{ "{\"do\":\"crystal\",\"on\":false}", "{\"ok\":true}" },
	{ "{\"do\":\"crystal\",\"on\":true}", "{\"ok\":true}" },
	{ "{\"do\":\"crystal\"}", "needs" },
	{ "{\"do\":\"crystal\",\"on\":\"off\"}", "true or false" },
	{ "{\"do\":\"power\",\"on\":false}", "{\"ok\":true}" },
	{ "{\"do\":\"crystal\",\"on\":true}", "the board has no power" },
	{ "{\"do\":\"press\"}", "the board has no power" },
	{ "{\"do\":\"leds\"}", "\"pressed\":false,\"power\":false" },
	{ "{\"do\":\"status\"}", "\"state\":\"off\",\"pc\":null" },
	{ "{\"do\":\"reset\"}", "the board has no power" },
	{ "{\"do\":\"power\"}", "{\"ok\":true}" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":3}", "{\"ok\":true}" },
	{ "{\"do\":\"status\"}", "\"faults\":[{\"kind\":\"stall\",\"at\":3}]" },
	{ "{\"do\":\"fault\",\"kind\":\"flip\",\"address\":\"0x08000000\",\"bit\":7}",
	  "{\"ok\":true}" },
	{ "{\"do\":\"fault\",\"kind\":\"none\"}", "{\"ok\":true}" },
	{ "{\"do\":\"status\"}", "\"faults\":[]" },
	{ "{\"do\":\"fault\",\"kind\":\"power\",\"erase\":1,\"fraction\":1}",
	  "{\"ok\":true}" },
	{ "{\"do\":\"fault\",\"kind\":\"power\"}", "needs \\\"at\\\"" },
	{ "{\"do\":\"fault\",\"kind\":\"power\",\"at\":1,\"erase\":1}", "not both" },
	{ "{\"do\":\"fault\",\"kind\":\"power\",\"erase\":1,\"fraction\":1.5}",
	  "from 0 to 1" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":0}", "whole number from 1" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":1.5}", "whole number from 1" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":\"1\"}", "whole number from 1" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":1e99}", "whole number from 1" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"erase\":1}", "goes with" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":1,\"stay\":true}", "goes with" },
	{ "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":1,\"bit\":1}", "go with" },
	{ "{\"do\":\"fault\",\"kind\":\"flip\",\"address\":0}", "needs" },
	{ "{\"do\":\"fault\",\"kind\":\"flip\",\"address\":\"08\",\"bit\":0}",
	  "hex digits" },
	{ "{\"do\":\"fault\",\"kind\":\"flip\",\"address\":0,\"bit\":8}", "from 0 to 7" },
	{ "{\"do\":\"fault\",\"kind\":\"melt\"}", "\\\"kind\\\" is stall" },
	{ "{\"do\":\"fault\"}", "\\\"kind\\\" is stall" },
	{ "{\"do\":\"boot0\"}", "needs" },
	{ "{\"do\":\"boot0\",\"on\":1}", "true or false" },
	{ "{\"do\":\"boot0\",\"on\":true,\"off\":true}", "has no \\\"off\\\"" },
	{ "{\"do\":\"dance\"}", "there is no \\\"dance\\\"" },
	{ "{\"do\":1}", "says what to do" },
	{ "{}", "says what to do" },
	{ "[]", "one JSON object" },
	{ "", "not JSON" },
	{ "{\"do\":\"status\"", "not JSON" },
	{ "{\"do\":\"status\"} x", "not JSON" },
	{ "{\"do\":\"clear-counters\"}", "{\"ok\":true}" },
	{ "{\"do\":\"quit\"}", "{\"ok\":true}" },
};

static void test_requests(void **state)
{
	struct control control = { .name = "f4", .usbip = "usbip://127.0.0.1:3240/1-1" };
	struct host host;

	(void)state;
	host_open(&host, NULL);
	control.board = host.board;
	control.trace = trace_new();
	for (size_t i = 0; i < sizeof(requests_table) / sizeof(requests_table[0]); i++) {
		const char *request = requests_table[i].request;
		char *answer = control_answer(&control, request, strlen(request));

		assert_non_null(answer);
		if (!strstr(answer, requests_table[i].answer))
			print_error("%s\n%s\n", request, answer);
		assert_non_null(strstr(answer, requests_table[i].answer));
		assert_null(strchr(answer, '\n'));
		free(answer);
	}
	assert_true(control.quit);
	assert_true(control.trace_begun);
	trace_free(control.trace);
	board_free(host.board);
}

static void ask(struct control *control, const char *request)
{
	char *answer = control_answer(control, request, strlen(request));

	assert_non_null(answer);
	assert_non_null(strstr(answer, "\"ok\":true"));
	free(answer);
}

/* X2 comes back, and no X3 with it: its place is empty (UM1472 4.7.2). */
static void test_crystal(void **state)
{
	struct control control = { .name = "f4" };
	struct host host;
	struct sched *sched;
	struct mcu *mcu;
	uint32_t cr, bdcr;

	(void)state;
	host_open(&host, NULL);
	control.board = host.board;
	mcu = machine_mcu(board_machine(host.board));
	sched = mcu_sched(mcu);
	ask(&control, "{\"do\":\"crystal\",\"on\":false}");
	ask(&control, "{\"do\":\"crystal\",\"on\":true}");
	mcu_periph_clock(mcu, PERIPH_APB1, 28, true);
	assert_true(mcu_write(mcu, PWR_CR, 4, 1u << 8));  /* DBP */
	assert_true(mcu_write(mcu, RCC_CR, 4, 1u << 16)); /* HSEON */
	assert_true(mcu_write(mcu, RCC_BDCR, 4, 1));      /* LSEON */
	sched->cycle = sched_cycle_at(sched, sched_ns(sched) + 10000000000);
	sched_run(sched);
	assert_true(mcu_read(mcu, RCC_CR, 4, &cr));
	assert_true(mcu_read(mcu, RCC_BDCR, 4, &bdcr));
	assert_int_equal(cr >> 17 & 1, 1);
	assert_int_equal(bdcr, 1);
	board_free(host.board);
}

static void test_many_faults(void **state)
{
	static const char request[] = "{\"do\":\"fault\",\"kind\":\"stall\",\"at\":9}";
	struct control control = { .name = "f4" };
	struct host host;

	(void)state;
	host_open(&host, NULL);
	control.board = host.board;
	for (int i = 0; i <= FAULTS_MAX; i++) {
		char *answer = control_answer(&control, request, strlen(request));

		assert_int_equal(!!strstr(answer, "true"), i < FAULTS_MAX);
		free(answer);
	}
	board_free(host.board);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_crystal),
		cmocka_unit_test(test_many_faults),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
