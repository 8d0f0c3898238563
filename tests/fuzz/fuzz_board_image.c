/*
 * A stranger's image runs: whatever it does, the board neither ends nor hangs. The input is
 * the flash from its start; it runs as many cycles as half a millisecond of the chip has.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/machine.h"
#include "flash.h"
#include "tests/board/load.h"

#define RUN_NS 500000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint32_t uid[3] = { 1, 2, 3 };
	const char *why = NULL;
	struct flash *flash = flash_open(NULL);
	struct machine *machine;

	if (!flash)
		abort();
	load_bytes(flash, FLASH_BASE, bytes,
		   len < FLASH_BYTES ? (uint32_t)len : FLASH_BYTES);
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
