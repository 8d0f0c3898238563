/* What the converters of the DAC put out, for whoever looks at PA4 and PA5. */
#ifndef PERIPH_DAC_H
#define PERIPH_DAC_H

#include "core/mcu.h"

/* The 12 bits that the pin shows; -1: none of the two channels drives that pin. */
int dac_output(const struct mcu *mcu, unsigned pin);

#endif
