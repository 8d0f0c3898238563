#include "boot/noinit.h"

#include "hw/memory.h"

_Static_assert(sizeof(struct noinit) <= NOINIT_BYTES, "it has its place");

#if __STDC_HOSTED__
struct noinit noinit;
#else
__attribute__((section(".noinit"))) struct noinit noinit;
#endif
