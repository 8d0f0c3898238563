/*
 * The debug unit of the chip: RM0090 38.16. What it freezes for a debugger stands still
 * anyway while one holds the processor, for the chip's time does.
 */
#include "table.h"

enum { IDCODE = 0x00, CR = 0x04, APB1_FZ = 0x08, APB2_FZ = 0x0C };

/* Revision Y; debuggers print the reserved bits 12 to 15 of this chip as 6. */
#define IDCODE_VALUE 0x100F6413u

struct dbgmcu {
	struct mcu *mcu;
	uint32_t cr, apb1_fz, apb2_fz;
};

static const struct periph_reg regs[] = {
	{ IDCODE, IDCODE_VALUE, "IDCODE" }, { CR, 0, "CR" }, { APB1_FZ, 0, "APB1_FZ" },
	{ APB2_FZ, 0, "APB2_FZ" },          { 0, 0, NULL },
};

static uint32_t dbgmcu_read(void *self, uint32_t offset)
{
	const struct dbgmcu *dbgmcu = self;

	switch (offset) {
	case IDCODE:
		return IDCODE_VALUE;
	case CR:
		return dbgmcu->cr;
	case APB1_FZ:
		return dbgmcu->apb1_fz;
	case APB2_FZ:
		return dbgmcu->apb2_fz;
	default:
		return 0;
	}
}

static void dbgmcu_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct dbgmcu *dbgmcu = self;
	uint32_t merged = (dbgmcu_read(self, offset) & ~mask) | (value & mask);

	if (offset == CR)
		dbgmcu->cr = merged & 0x000000E7;
	else if (offset == APB1_FZ)
		dbgmcu->apb1_fz = merged & 0x06E01DFF;
	else if (offset == APB2_FZ)
		dbgmcu->apb2_fz = merged & 0x00070003;
}

/* 38.16.3: the debugger's settings outlive a system reset. */
static void dbgmcu_reset(void *self)
{
	struct dbgmcu *dbgmcu = self;

	if (mcu_reset_cause(dbgmcu->mcu) == MCU_RESET_POWER)
		dbgmcu->cr = dbgmcu->apb1_fz = dbgmcu->apb2_fz = 0;
}

static bool dbgmcu_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct dbgmcu *dbgmcu = self;

	(void)row;
	dbgmcu->mcu = mcu;
	return true;
}

const struct periph_class dbgmcu_class = {
	.size = sizeof(struct dbgmcu),
	.open = dbgmcu_open,
	.reset = dbgmcu_reset,
	.read = dbgmcu_read,
	.write = dbgmcu_write,
	.regs = regs,
};
