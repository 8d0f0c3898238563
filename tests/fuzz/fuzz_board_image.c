/*
 * A stranger's image runs: whatever it does, the board neither ends nor hangs. The input is
 * the flash from its start; it runs as many cycles as half a millisecond of the chip has.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/machine.h"
#include "flash.h"

#define RUN_NS 500000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void program(struct flash *flash, const uint8_t *bytes, size_t len)
{
	static struct flash_op op;

	op = (struct flash_op){ .kind = FLASH_OP_PROGRAM, .address = FLASH_BASE };
	op.len = len < sizeof(op.data) ? (uint32_t)len : sizeof(op.data);
	memcpy(op.data, bytes, op.len);
	flash_op_begin(flash, &op);
	flash_op_finish(flash, &op);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint32_t uid[3] = { 1, 2, 3 };
	const char *why = NULL;
	struct flash *flash = flash_open(NULL);
	struct machine *machine;

	if (!flash)
		abort();
	program(flash, bytes, len);
	machine = machine_new(flash, uid, 1, 0, &why);
	if (!machine)
		abort();
	machine_run(machine, RUN_NS);
	for (int i = 0; i < 3 && machine_state(machine) == MACHINE_RESETS; i++) {
		machine_reset(machine, machine_reset_cause(machine), 0);
		machine_run(machine, (i + 2) * RUN_NS);
	}
	machine_free(machine);
	flash_close(flash);
	return 0;
}
