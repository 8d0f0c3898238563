/*
 * The backup SRAM: RM0090 5.1.2. It is written with PWR_CR.DBP set, kept over every reset,
 * in Standby with the backup regulator, and not without power: VBAT is wired to VDD.
 */
#include "bkpsram.h"

#include <string.h>

#include "pwr.h"
#include "table.h"

#define BYTES 0x1000

struct bkpsram {
	struct mcu *mcu;
	uint32_t words[BYTES / 4];
};

static const struct periph_reg regs[] = { { 0, 0, NULL } };

void bkpsram_erase(struct mcu *mcu)
{
	struct bkpsram *sram = mcu_periph(mcu, "BKPSRAM");

	memset(sram->words, 0, sizeof(sram->words));
}

static uint32_t bkpsram_read(void *self, uint32_t offset)
{
	const struct bkpsram *sram = self;

	return sram->words[offset / 4];
}

static void bkpsram_write(void *self, uint32_t offset, uint32_t value, uint32_t mask)
{
	struct bkpsram *sram = self;
	uint32_t *word = &sram->words[offset / 4];

	if (pwr_dbp(sram->mcu))
		*word = (*word & ~mask) | (value & mask);
}

static void bkpsram_reset(void *self)
{
	struct bkpsram *sram = self;
	enum mcu_reset why = mcu_reset_cause(sram->mcu);

	if (why == MCU_RESET_POWER || (why == MCU_RESET_STANDBY && !pwr_bre(sram->mcu)))
		memset(sram->words, 0, sizeof(sram->words));
}

static bool bkpsram_open(void *self, struct mcu *mcu, const struct periph_row *row)
{
	struct bkpsram *sram = self;

	(void)row;
	sram->mcu = mcu;
	return true;
}

const struct periph_class bkpsram_class = {
	.size = sizeof(struct bkpsram),
	.open = bkpsram_open,
	.reset = bkpsram_reset,
	.read = bkpsram_read,
	.write = bkpsram_write,
	.regs = regs,
};
