/*
 * Peripherals that are not modelled: RM0090's reset values of their registers as far as
 * they are not zero, CAN's in 32.9, those of the memory controller in 36.5 and 36.6, I2S' in
 * 28.5. Ethernet and USB read as zero.
 */
#include "core/mcu.h"

#include <stddef.h>

static const struct periph_reg can_regs[] = {
	{ 0x00, 0x00010002, "MCR" },  { 0x04, 0x00000C02, "MSR" },
	{ 0x08, 0x1C000000, "TSR" },  { 0x1C, 0x01230000, "BTR" },
	{ 0x200, 0x2A1C0E01, "FMR" }, { 0, 0, NULL },
};

/* Of CAN2 the filters are those of CAN1. */
static const struct periph_reg can2_regs[] = {
	{ 0x00, 0x00010002, "MCR" },
	{ 0x04, 0x00000C02, "MSR" },
	{ 0x08, 0x1C000000, "TSR" },
	{ 0x1C, 0x01230000, "BTR" },
	{ 0, 0, NULL },
};

static const struct periph_reg i2s_regs[] = {
	{ 0x08, 0x0002, "SR" },
	{ 0x10, 0x0007, "CRCPR" },
	{ 0x20, 0x0002, "I2SPR" },
	{ 0, 0, NULL },
};

static const struct periph_reg fsmc_regs[] = {
	{ 0x00, 0x000030DB, "BCR1" },   { 0x04, 0x0FFFFFFF, "BTR1" },
	{ 0x08, 0x000030D2, "BCR2" },   { 0x0C, 0x0FFFFFFF, "BTR2" },
	{ 0x10, 0x000030D2, "BCR3" },   { 0x14, 0x0FFFFFFF, "BTR3" },
	{ 0x18, 0x000030D2, "BCR4" },   { 0x1C, 0x0FFFFFFF, "BTR4" },
	{ 0x60, 0x00000018, "PCR2" },   { 0x64, 0x00000040, "SR2" },
	{ 0x68, 0xFCFCFCFC, "PMEM2" },  { 0x6C, 0xFCFCFCFC, "PATT2" },
	{ 0x80, 0x00000018, "PCR3" },   { 0x84, 0x00000040, "SR3" },
	{ 0x88, 0xFCFCFCFC, "PMEM3" },  { 0x8C, 0xFCFCFCFC, "PATT3" },
	{ 0xA0, 0x00000018, "PCR4" },   { 0xA4, 0x00000040, "SR4" },
	{ 0xA8, 0xFCFCFCFC, "PMEM4" },  { 0xAC, 0xFCFCFCFC, "PATT4" },
	{ 0xB0, 0xFCFCFCFC, "PIO4" },   { 0x104, 0x0FFFFFFF, "BWTR1" },
	{ 0x10C, 0x0FFFFFFF, "BWTR2" }, { 0x114, 0x0FFFFFFF, "BWTR3" },
	{ 0x11C, 0x0FFFFFFF, "BWTR4" }, { 0, 0, NULL },
};

static const struct absent {
	uint32_t base;
	const struct periph_reg *regs;
} absents[] = {
	{ 0x40003400, i2s_regs },  { 0x40004000, i2s_regs },  { 0x40006400, can_regs },
	{ 0x40006800, can2_regs }, { 0xA0000000, fsmc_regs },
};

const struct periph_reg *periph_register(const struct periph_row *row, uint32_t offset)
{
	const struct periph_reg *reg = row->class ? row->class->regs : NULL;

	for (size_t i = 0; !row->class && i < sizeof(absents) / sizeof(absents[0]); i++)
		if (absents[i].base == row->base)
			reg = absents[i].regs;
	while (reg && reg->name && reg->offset != offset)
		reg++;
	return reg && reg->name ? reg : NULL;
}
