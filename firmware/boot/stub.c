/*
 * The boot stub, alone in sector 0: starts the application when that is whole, else the
 * bootloader in the chip's ROM. It knows no version, so that it is the same in every image
 * and is not written again: while sector 0 is blank, only BOOT0 brings a board back.
 */
#include "boot/boot.h"
#include "drivers/chip.h"
#include "drivers/core.h"
#include "drivers/rcc.h"
#include "hw/cpu.h"
#include "hw/memory.h"
#include "hw/reg.h"

#include <stdbool.h>

static void start_rom(void)
{
	/* Else the reason of the next reset would be looked for behind that of this one. */
	rcc_reset_cause_clear();
	chip_map_rom();
	core_vectors(0);
	cpu_start(reg_read(ROM_BASE), reg_read(ROM_BASE + 4));
}

static void start_app(const struct app_entry *entry)
{
	core_vectors(entry->vectors);
	cpu_start(entry->sp, entry->pc);
}

void stub_run(void)
{
	bool asked = boot_asked();
	struct app_entry entry;

	chip_quiet();
	core_vectors(STUB_BASE);
	if (!asked && app_check(mem_at(APP_BASE), APP_BYTES, APP_BASE, &entry) == APP_OK)
		start_app(&entry);
	else
		start_rom();
}
