#include "operation.h"

#include <inttypes.h>

#include "clock.h"
#include "log.h"

bool operation_runs(const struct operation *operation)
{
	return operation->op.kind != FLASH_OP_NONE;
}

bool operation_erases(const struct operation *operation)
{
	enum flash_op_kind kind = operation->op.kind;

	return kind == FLASH_OP_ERASE || kind == FLASH_OP_MASS_ERASE ||
	       kind == FLASH_OP_UNPROTECT;
}

static void log_start(const struct flash_op *op)
{
	if (op->kind == FLASH_OP_ERASE)
		log_event("erases sector %d at 0x%08" PRIx32, flash_sector(op->address),
			  flash_sector_base(flash_sector(op->address)));
	else if (op->kind == FLASH_OP_MASS_ERASE)
		log_event("mass erase");
	else if (op->kind == FLASH_OP_UNPROTECT)
		log_event("read unprotect");
}

void operation_start(struct operation *operation, struct flash *flash,
		     struct faults *faults, int64_t at_ns)
{
	log_start(&operation->op);
	operation->start_ns = at_ns;
	operation->end_ns = at_ns + flash_op_ns(flash, &operation->op);
	operation->cut =
		faults_operation(faults, operation_erases(operation), &operation->fault);
	flash_op_begin(flash, &operation->op);
}

int64_t operation_ns(const struct operation *operation)
{
	return operation->end_ns - operation->start_ns;
}

int64_t operation_due_ns(const struct operation *operation)
{
	double cut_ns = operation->fault.fraction * (double)operation_ns(operation);

	if (!operation_runs(operation))
		return CLOCK_NEVER;
	return operation->cut ? operation->start_ns + (int64_t)cut_ns : operation->end_ns;
}

double operation_done(const struct operation *operation, int64_t now_ns)
{
	int64_t whole_ns = operation_ns(operation);
	double done = whole_ns > 0
			      ? (double)(now_ns - operation->start_ns) / (double)whole_ns
			      : 1;

	return done < 0 ? 0 : done > 1 ? 1 : done;
}

void operation_finish(struct operation *operation, struct flash *flash)
{
	flash_op_finish(flash, &operation->op);
	operation->op.kind = FLASH_OP_NONE;
}

void operation_stop(struct operation *operation, struct flash *flash, double done)
{
	flash_op_cut(flash, &operation->op, done, operation->op.address + 1);
	operation->op.kind = FLASH_OP_NONE;
}
