#include "app/stack.h"

#include "hw/memory.h"
#include "hw/reg.h"

unsigned stack_bytes(void)
{
	return STACK_BYTES;
}

unsigned stack_used(void)
{
	unsigned clean = 0;

	while (clean < STACK_BYTES && reg_read(RAM_BASE + clean) == STACK_PAINT)
		clean += 4;
	return STACK_BYTES - clean;
}
