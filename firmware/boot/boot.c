#include "boot/boot.h"

#include "boot/noinit.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "drivers/rcc.h"

bool boot_is_warm(void)
{
	bool warm = rcc_is_warm() || chip_is_rom_mapped();

	if (warm)
		noinit.start = NOINIT_START_ROM_RAN;
	return warm;
}

bool boot_asked(void)
{
	bool asked = noinit.boot == NOINIT_BOOT_ROM;

	noinit.boot = 0;
	noinit.start = NOINIT_START_RESET;
	return !boot_is_warm() && asked && rcc_reset_cause() == RESET_SOFTWARE;
}

void boot_ask(void)
{
	noinit.boot = NOINIT_BOOT_ROM;
	/* So that the flag of the reset that comes is not behind that of an earlier one. */
	rcc_reset_cause_clear();
	core_reset();
}
