/* Bytes from a debugger, to a board that runs what it was told to write. */
#include <stdint.h>
#include <stdlib.h>

#include "board.h"
#include "gdbtarget.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* One for all: an engine takes a while to make, and a debugger can set everything anew. */
static struct board *board_of_all(struct clock *clock)
{
	static const struct chip chip = { .uid = { 1, 2, 3 }, .rev = 0x2200 };
	static struct board *board;

	if (!board) {
		clock_init(clock, CLOCK_NONE);
		board = board_new(NULL, clock, &chip, 1);
	}
	if (!board)
		abort();
	return board;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct clock clock;
	struct board *board = board_of_all(&clock);
	const struct gdb_target target = gdbtarget(board);
	struct gdb *gdb;
	size_t waiting;

	gdbtarget_attach(board, true);
	gdb = gdb_new(&target);
	if (!gdb)
		abort();
	for (size_t at = 0; at < len; at += 16) {
		if (!gdb_feed(gdb, bytes + at, len - at < 16 ? len - at : 16))
			break;
		board_run(board);
		gdb_poll(gdb);
		if (gdb_output(gdb, &waiting) && waiting > 0)
			gdb_sent(gdb, waiting);
	}
	gdbtarget_attach(board, false);
	gdb_free(gdb);
	board_reset(board);
	return 0;
}
