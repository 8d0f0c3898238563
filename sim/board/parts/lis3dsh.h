/*
 * The accelerometer of the STM32F4-Discovery (UM1472 section 4.7, MB997C): an ST LIS3DSH on
 * SPI1, selected by PE3 low. It lies flat on a table.
 */
#ifndef PARTS_LIS3DSH_H
#define PARTS_LIS3DSH_H

#include "core/mcu.h"

struct lis3dsh;

/* Solders it to `mcu`, which has to outlive it. NULL: no memory. */
struct lis3dsh *lis3dsh_new(struct mcu *mcu);
void lis3dsh_free(struct lis3dsh *part);

#endif
