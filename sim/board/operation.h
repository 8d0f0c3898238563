/*
 * An operation of the flash that the ROM has begun: it takes its time, and power may fail
 * in it. One at a time.
 */
#ifndef BOARD_OPERATION_H
#define BOARD_OPERATION_H

#include "faults.h"
#include "flash.h"

struct operation {
	struct flash_op op; /* of kind FLASH_OP_NONE: nothing runs */
	int64_t start_ns;
	int64_t end_ns;
	bool cut; /* power fails in it, as `fault` says */
	struct fault fault;
};

bool operation_runs(const struct operation *operation);
bool operation_erases(const struct operation *operation);

/* What is in `op` begins; one of the faults may wait for it. */
void operation_start(struct operation *operation, struct flash *flash,
		     struct faults *faults, int64_t at_ns);
/* Its end, or when power fails in it; CLOCK_NEVER: nothing runs. */
int64_t operation_due_ns(const struct operation *operation);
int64_t operation_ns(const struct operation *operation);
/* How much of it is done then, 0 to 1. */
double operation_done(const struct operation *operation, int64_t now_ns);

/* It is over: done, or in the middle. */
void operation_finish(struct operation *operation, struct flash *flash);
void operation_stop(struct operation *operation, struct flash *flash, double done);

#endif
