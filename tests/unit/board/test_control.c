#include "host.h"

#include <stdio.h>
#include <stdlib.h>

#include "control.h"
#include "trace.h"

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
		cmocka_unit_test(test_many_faults),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
