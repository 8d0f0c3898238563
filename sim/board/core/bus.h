/*
 * The memories and peripherals as a bus master finds them (RM0090 2.3): what answers at
 * which address. bus.c is behind mcu_read() and its kin; the rest here is for mcu.c.
 */
#ifndef CORE_BUS_H
#define CORE_BUS_H

#include "mcu.h"

struct bus;

/* NULL: no memory. */
struct bus *bus_new(struct mcu *mcu, const uint32_t uid[3]);
void bus_free(struct bus *bus);

void bus_reset(struct bus *bus);  /* every peripheral */
void bus_sync(struct bus *bus);   /* before the clocks change */
void bus_clocks(struct bus *bus); /* and after */

struct bus *mcu_bus(const struct mcu *mcu);
/* RAM was written, other than by the processor. */
void mcu_wrote(struct mcu *mcu, uint32_t address, uint32_t len);

#endif
