/*
 * What the sweeps share: the control sockets of boards and hub, the things that can go
 * wrong at a transfer or a request, and runs of the command in which they do.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>

enum fault_after { LET_RUN, KILL, INTERRUPT };

struct fault {
	const char *name;
	const char *what;       /* for the control socket; %u is n */
	enum fault_after after; /* what the command gets when it has struck */
	bool hub; /* at a request to the hub, not at a transfer of a board */
};

/* The sweep that is going on. */
extern struct sweep {
	char doing[128];               /* what goes wrong where, for complaints */
	unsigned faults, alone, wrong; /* `alone`: made good without a repeat */
	const struct fault *fault;     /* of the last run; NULL: undisturbed */
	int status;                    /* of the last run */
	char said[65536], told[65536]; /* by the last run, on stderr and stdout */
} sweep;

/* For what is wrong with the test itself: exits with 2, after errno's words. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* For what is wrong with what is tested: printed with what the last run said. */
void wrong(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Of this name; dies when there is none. */
const struct fault *fault_find(const char *name);

/*
 * Ask whom this folder belongs to, a board or a hub: "\"status\"", or a verb and its
 * arguments. The answer is good until the next; dies when it is none, or a refusal.
 */
const char *control_ask(const char *folder, const char *request);

/* The number behind the first `key` of an answer ("\"transfers\":"); 0 without one. */
unsigned control_number(const char *answer, const char *key);

/* At the n-th transfer or request from now, 1 is the next. */
void fault_arm(const struct fault *fault, const char *folder, unsigned n);

/*
 * The power fails at the n-th transfer ("at") or in the n-th erase ("erase") from now, when
 * this part of what the flash does then is done.
 */
void fault_arm_cut(const char *folder, const char *what, unsigned n, double part);

bool fault_struck(const struct fault *fault, const char *folder, unsigned n);
void fault_clear(const struct fault *fault, const char *folder);

/*
 * Run a command. With `timeout_ms`, the longest time for a transfer or a request. What it
 * says is kept in `sweep` and added to the file all-that-was-said. Gives the exit status,
 * or the number of the signal that it died by, negative.
 */
int run(const char *const *argv, const char *timeout_ms);

/* The same, and when the armed fault has struck, what `fault->after` says. */
int run_with(const struct fault *fault, const char *folder, unsigned n,
	     const char *const *argv, const char *timeout_ms);

/*
 * Did the last run give up because nobody answered in time? On a busy machine that need
 * not be the fault; the repeat, with all the time in the world, makes it good.
 */
bool run_was_late(void);

#endif
