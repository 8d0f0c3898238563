/* How much of the stack was ever used: it is painted before the first function runs. */
#ifndef STACK_H
#define STACK_H

#include <stdint.h>

#define STACK_PAINT 0x57acc0deu

unsigned stack_used(void);
unsigned stack_bytes(void);

#endif
