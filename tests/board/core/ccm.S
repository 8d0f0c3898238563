/* The core-coupled memory hangs on the data bus: nothing is fetched from it (RM0090 2.3.1).
   (qemu has none.) */
#include "rule.inc"
#define CFSR 0xE000ED28
start:
	poke 0xE000ED24, 0x00070000
	poke 0x10000000, 0x47702001	/* movs r0, #1; bx lr */
	peek 0x10000000
	EXPECT(r0, 0x47702001)
	ldr r4, =0x10000001
	blx r4
	b .
	.thumb_func
busfault:
	peek CFSR
	EXPECT(r0, 0x00000100)
	ldr r0, [sp, #24]
	EXPECT(r0, 0x10000000)
	PASS
