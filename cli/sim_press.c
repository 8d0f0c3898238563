#include "sim_press.h"
#include "sim.h"
#include "sys.h"

#include <poll.h>

#define POLL_MS  5
#define GRACE_MS 5000 /* on a busy machine a board's time is slower than ours */

int sim_await_release(const char *name, uint32_t ms)
{
	uint64_t until = now_ms() + 10ull * ms + sys_timeout_ms(GRACE_MS);
	struct dfu_error err;
	struct json *reply;
	bool down = true;

	while (!interrupted) {
		if (sim_ask(name, sim_request("leds"), &reply, &err) < 0)
			return report("sim press", &err);
		json_bool(reply, "pressed", &down);
		json_free(reply);
		if (!down)
			return EXIT_DONE;
		if (now_ms() > until) {
			complain("sim:%s: B1 is still down, for the board's time stands "
				 "still; let "
				 "it run in the debugger, or try 'stmiot sim release %s'",
				 name, name);
			return EXIT_FAILED;
		}
		poll(NULL, 0, POLL_MS);
	}
	return 128 + interrupted;
}
