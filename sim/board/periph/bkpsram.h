/* The backup SRAM, for the flash interface: leaving read protection clears it. */
#ifndef PERIPH_BKPSRAM_H
#define PERIPH_BKPSRAM_H

#include "core/mcu.h"

void bkpsram_erase(struct mcu *mcu);

#endif
