#include "drivers/chip.h"

#include "drivers/core.h"
#include "drivers/flash.h"
#include "drivers/rcc.h"
#include "hw/memory.h"
#include "hw/reg.h"
#include "hw/regs_gpio.h"
#include "hw/regs_misc.h"

static void put_hex(char *to, uint32_t value, unsigned digits)
{
	while (digits--) {
		to[digits] = "0123456789ABCDEF"[value & 15];
		value >>= 4;
	}
}

void chip_serial(char out[CHIP_SERIAL_CHARS])
{
	uint32_t uid[3] = { reg_read(UID_BASE), reg_read(UID_BASE + 4),
			    reg_read(UID_BASE + 8) };

	put_hex(out, uid[0] + uid[2], 8);
	put_hex(out + 8, uid[1] >> 16, 4);
	out[12] = '\0';
}

struct chip chip_look(void)
{
	const uint8_t *size = mem_at(FSIZE_BASE);
	uint32_t id = reg_read(DBGMCU_IDCODE);

	return (struct chip){ (uint16_t)(id & DBGMCU_IDCODE_DEV_ID), (uint16_t)(id >> 16),
			      (uint16_t)(size[0] | size[1] << 8) };
}

void chip_quiet(void)
{
	core_quiet();
	rcc_quiet();
	flash_lock();
	chip_map_flash();
}

static void map(uint32_t mode)
{
	rcc_enable(GATE_SYSCFG);
	reg_change(SYSCFG_MEMRMP, SYSCFG_MEM_MODE, mode);
	rcc_disable(GATE_SYSCFG);
}

void chip_map_flash(void)
{
	map(SYSCFG_MEM_MODE_FLASH);
}

void chip_map_rom(void)
{
	map(SYSCFG_MEM_MODE_SYSTEM);
}

bool chip_is_rom_mapped(void)
{
	bool is;

	rcc_enable(GATE_SYSCFG);
	is = (reg_read(SYSCFG_MEMRMP) & SYSCFG_MEM_MODE) == SYSCFG_MEM_MODE_SYSTEM;
	rcc_disable(GATE_SYSCFG);
	return is;
}
