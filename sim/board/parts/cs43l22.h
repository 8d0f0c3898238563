/*
 * The audio codec of the STM32F4-Discovery (UM1472 section 4.6): a Cirrus CS43L22 on I2C1 at
 * address 0x4A, held in reset by PD4 low. It keeps its registers and plays nothing.
 */
#ifndef PARTS_CS43L22_H
#define PARTS_CS43L22_H

#include "core/mcu.h"

struct cs43l22;

/* Solders it to `mcu`, which has to outlive it. NULL: no memory. */
struct cs43l22 *cs43l22_new(struct mcu *mcu);
void cs43l22_free(struct cs43l22 *part);

#endif
