/* The system configuration controller: RM0090 section 9.2. */
#include "exti.h"
#include "table.h"

enum {
	MEMRMP = 0x00,
	PMC = 0x04,
	EXTICR1 = 0x08,
	EXTICR4 = 0x14,
	CMPCR = 0x20,
	REGISTERS = 9,
};

#define MEM_MODE      0x3u
#define MII_RMII_SEL  (1u << 23)
#define CMP_PD        (1u << 0)
#define CMPCR_READY   (1u << 8)
#define LINES_PER_REG 4

struct syscfg {
	struct mcu *mcu;
	uint32_t regs[REGISTERS];
};

static const struct periph_reg regs[] = {
	{ MEMRMP, 0, "MEMRMP" }, { PMC, 0, "PMC" },      { EXTICR1, 0, "EXTICR1" },
	{ 0x0C, 0, "EXTICR2" },  { 0x10, 0, "EXTICR3" }, { EXTICR4, 0, "EXTICR4" },
	{ CMPCR, 0, "CMPCR" },   { 0, 0, NULL },
};

/* By the boot pins (table 3): the main flash, system memory, or SRAM1. */
static uint32_t boot_mode(const struct mcu *mcu)
{
	unsigned pins = mcu_boot_pins(mcu); /* BOOT1:BOOT0 */

	return pins & 1 ? pins == 3 ? 3 : 1 : 0;
}

static void select_lines(struct syscfg *syscfg, uint32_t offset)
{
	unsigned first = (offset - EXTICR1) / 4 * LINES_PER_REG;

	for (unsigned i = 0; i < LINES_PER_REG; i++)
		exti_select(syscfg->mcu, first + i,
			    syscfg->regs[offset / 4] >> 4 * i & 15);
}

static bool syscfg_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct syscfg *syscfg = self;

	(void)row;
	syscfg->mcu = mcu;
	return true;
}

static void syscfg_reset(void *self)
{
	struct syscfg *syscfg = self;

	for (unsigned i = 0; i < REGISTERS; i++)
		syscfg->regs[i] = 0;
	syscfg->regs[MEMRMP / 4] = boot_mode(syscfg->mcu);
	for (uint32_t at = EXTICR1; at <= EXTICR4; at += 4)
		select_lines(syscfg, at);
	mcu_remap(syscfg->mcu, syscfg->regs[MEMRMP / 4]);
}

static uint32_t syscfg_read(void *self, uint32_t offset)
{
	const struct syscfg *syscfg = self;

	return offset <= CMPCR ? syscfg->regs[offset / 4] : 0;
}

static void syscfg_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct syscfg *syscfg = self;

	(void)mask; /* on APB: always whole */
	if (offset == MEMRMP) {
		syscfg->regs[MEMRMP / 4] = value & MEM_MODE;
		mcu_remap(syscfg->mcu, value & MEM_MODE);
	} else if (offset == PMC) {
		syscfg->regs[PMC / 4] = value & MII_RMII_SEL;
	} else if (offset >= EXTICR1 && offset <= EXTICR4) {
		syscfg->regs[offset / 4] = value & 0xFFFF;
		select_lines(syscfg, offset);
	} else if (offset == CMPCR) {
		/* the cell is ready at once; the manual gives no time for it */
		syscfg->regs[CMPCR / 4] = value & CMP_PD ? CMP_PD | CMPCR_READY : 0;
	}
}

const struct periph_class syscfg_class = {
	.size = sizeof(struct syscfg),
	.open = syscfg_open,
	.reset = syscfg_reset,
	.read = syscfg_read,
	.write = syscfg_write,
	.regs = regs,
};
