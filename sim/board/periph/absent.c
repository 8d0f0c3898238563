/*
 * What is not modelled: a program finds the registers at the reset values that RM0090
 * gives them, and whatever it writes is gone. Those that begin at zero are listed as far
 * as their names say something in the log.
 */
#include "table.h"

#define END                                                                              \
	{                                                                                \
		0, 0, NULL                                                               \
	}

/* clang-format off */
#define CAN_REGS \
	{ 0x000, 0x00010002, "MCR" }, { 0x004, 0x00000C02, "MSR" }, \
	{ 0x008, 0x1C000000, "TSR" }, { 0x00C, 0, "RF0R" }, { 0x010, 0, "RF1R" }, \
	{ 0x014, 0, "IER" }, { 0x018, 0, "ESR" }, { 0x01C, 0x01230000, "BTR" }

static const struct periph_reg can1[] = {
	CAN_REGS, { 0x200, 0x2A1C0E01, "FMR" }, { 0x204, 0, "FM1R" },
	{ 0x20C, 0, "FS1R" }, { 0x214, 0, "FFA1R" }, { 0x21C, 0, "FA1R" }, END,
};

/* the filters are CAN1's */
static const struct periph_reg can2[] = { CAN_REGS, END };

static const struct periph_reg i2s_ext[] = {
	{ 0x04, 0, "CR2" }, { 0x08, 0x0002, "SR" }, { 0x0C, 0, "DR" },
	{ 0x10, 0x0007, "CRCPR" }, { 0x1C, 0, "I2SCFGR" }, { 0x20, 0x0002, "I2SPR" }, END,
};

static const struct periph_reg sdio[] = {
	{ 0x00, 0, "POWER" }, { 0x04, 0, "CLKCR" }, { 0x08, 0, "ARG" }, { 0x0C, 0, "CMD" },
	{ 0x10, 0, "RESPCMD" }, { 0x14, 0, "RESP1" }, { 0x18, 0, "RESP2" },
	{ 0x1C, 0, "RESP3" }, { 0x20, 0, "RESP4" }, { 0x24, 0, "DTIMER" },
	{ 0x28, 0, "DLEN" }, { 0x2C, 0, "DCTRL" }, { 0x30, 0, "DCOUNT" },
	{ 0x34, 0, "STA" }, { 0x38, 0, "ICR" }, { 0x3C, 0, "MASK" },
	{ 0x48, 0, "FIFOCNT" }, { 0x80, 0, "FIFO" }, END,
};

static const struct periph_reg eth[] = {
	{ 0x000, 0x00008000, "MACCR" }, { 0x004, 0, "MACFFR" }, { 0x010, 0, "MACMIIAR" },
	{ 0x014, 0, "MACMIIDR" }, { 0x018, 0, "MACFCR" }, { 0x038, 0, "MACSR" },
	{ 0x03C, 0, "MACIMR" }, { 0x040, 0x0010FFFF, "MACA0HR" },
	{ 0x044, 0xFFFFFFFF, "MACA0LR" }, { 0x048, 0x0000FFFF, "MACA1HR" },
	{ 0x04C, 0xFFFFFFFF, "MACA1LR" }, { 0x050, 0x0000FFFF, "MACA2HR" },
	{ 0x054, 0xFFFFFFFF, "MACA2LR" }, { 0x058, 0x0000FFFF, "MACA3HR" },
	{ 0x05C, 0xFFFFFFFF, "MACA3LR" }, { 0x100, 0, "MMCCR" },
	{ 0x700, 0x00002000, "PTPTSCR" }, { 0x1000, 0x00002101, "DMABMR" },
	{ 0x1014, 0, "DMASR" }, { 0x1018, 0, "DMAOMR" }, { 0x101C, 0, "DMAIER" }, END,
};

static const struct periph_reg dcmi[] = {
	{ 0x00, 0, "CR" }, { 0x04, 0, "SR" }, { 0x08, 0, "RIS" }, { 0x0C, 0, "IER" },
	{ 0x10, 0, "MIS" }, { 0x14, 0, "ICR" }, { 0x28, 0, "DR" }, END,
};

#define FSMC_BANK(n, bcr) \
	{ ((n) - 1) * 8, bcr, "BCR" #n }, { ((n) - 1) * 8 + 4, 0x0FFFFFFF, "BTR" #n }
#define FSMC_CARD(n) \
	{ 0x40 + (n) * 0x20 - 0x20, 0x00000018, "PCR" #n }, \
	{ 0x44 + (n) * 0x20 - 0x20, 0x00000040, "SR" #n }, \
	{ 0x48 + (n) * 0x20 - 0x20, 0xFCFCFCFC, "PMEM" #n }, \
	{ 0x4C + (n) * 0x20 - 0x20, 0xFCFCFCFC, "PATT" #n }

static const struct periph_reg fsmc[] = {
	FSMC_BANK(1, 0x000030DB), FSMC_BANK(2, 0x000030D2),
	FSMC_BANK(3, 0x000030D2), FSMC_BANK(4, 0x000030D2),
	FSMC_CARD(2), FSMC_CARD(3), FSMC_CARD(4), { 0xB0, 0xFCFCFCFC, "PIO4" },
	{ 0x104, 0x0FFFFFFF, "BWTR1" }, { 0x10C, 0x0FFFFFFF, "BWTR2" },
	{ 0x114, 0x0FFFFFFF, "BWTR3" }, { 0x11C, 0x0FFFFFFF, "BWTR4" }, END,
};
/* clang-format on */

const struct periph_class can1_class = { .regs = can1 };
const struct periph_class can2_class = { .regs = can2 };
const struct periph_class dcmi_class = { .regs = dcmi };
const struct periph_class eth_class = { .regs = eth };
const struct periph_class fsmc_class = { .regs = fsmc };
const struct periph_class i2s_ext_class = { .regs = i2s_ext };
const struct periph_class sdio_class = { .regs = sdio };
