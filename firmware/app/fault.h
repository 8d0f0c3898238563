/* Faults: kept over the restart that ends them, and reported by the next start. */
#ifndef FAULT_H
#define FAULT_H

#include "boot/noinit.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Keep what the core says of the exception that is running: its number, the stack pointer
 * at which its frame lies, and EXC_RETURN. A frame outside of RAM is not read.
 */
void fault_keep(uint32_t exception, uint32_t sp, uint32_t exc_return);

/* The fault that an earlier run was ended by, if there is one; it counts once only. */
bool fault_take(struct fault_record *out);

/* "bus fault at 0x1fff7a10 (precise), pc 0x..., lr 0x..." */
void fault_words(const struct fault_record *f, char *to, size_t bytes);

#endif
