/* Lines of the board's control socket. One line comes back, and the board lives on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void powered(void *ctx, struct mcu *mcu)
{
	trace_wire(ctx, mcu);
}

/* As its reader, who then goes. */
static void read_trace(struct trace *trace)
{
	char line[TRACE_LINE];

	while (trace_next(trace, line))
		if (*line != '{' || line[strlen(line) - 1] != '}')
			abort();
	trace_stop(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const struct chip chip = { .uid = { 1, 2, 3 },
					  .rev = 0x2200,
					  .boot0 = true };
	static struct clock clock;
	static struct control control = { .time = CLOCK_NONE, .name = "b0" };
	char *text;

	if (!control.board) {
		clock_init(&clock, CLOCK_NONE);
		control.board = board_new(NULL, &clock, &chip, 1);
		control.trace = trace_new();
		if (!control.board || !control.trace)
			abort();
		board_on_power(control.board, powered, control.trace);
	}
	text = control_answer(&control, (const char *)bytes, len);
	if (!text || strncmp(text, "{\"ok\":", 6) != 0 || strchr(text, '\n'))
		abort();
	free(text);
	board_run(control.board);
	read_trace(control.trace);
	return 0;
}
