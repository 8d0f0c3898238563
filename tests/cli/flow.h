/*
 * A flow of `stmiot` that ends well whatever happens: the same command is run with
 * something going wrong at transfer or request 1, then at 2, and so on until the run is
 * over before.
 */
#ifndef FLOW_H
#define FLOW_H

#include "fault.h"

#define BOARD      "sim/b0"
#define HUB        "hub"
#define FLOW_ARGS  40
#define THIRD_EACH 8 /* each so many n there is a third run */

struct flow {
	const char *board; /* the one that something goes wrong with */

	/* A new wish: `argv` ends with NULL. And look at what there is before. */
	void (*prepare)(const char *turn, const char **argv);

	/* After a fault: what holds at any moment. */
	void (*judge)(void);

	/* After the repeat, which has ended with 0. */
	void (*judge_end)(void);

	/* After one more run, which has ended with 0: nothing was left to do. May be NULL. */
	void (*judge_rest)(void);
};

/*
 * The boards as they are in a folder (FROM/b0/flash.bin and so on), and a machine that
 * knows nothing of them.
 */
void flow_start_afresh(const char *from, unsigned boards);

/* Is this one of the arguments? NULL ends them. */
bool flow_has(const char *const *args, const char *word);

/*
 * WHAT is "KIND", "KIND/3" for each third n only, or "KIND+OTHER": at the same n OTHER
 * strikes the run that is to make it good. The kinds are in fault.c. Exit status.
 */
int flow_sweep(const struct flow *flow, const char *what);

#endif
