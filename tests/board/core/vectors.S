/* A vector that cannot be read is a HardFault with VECTTBL (B1.5.14). (qemu's RAM is
   longer.) */
#include "rule.inc"
#define HFSR  0xE000ED2C
#define TABLE 0x2001FF80		/* of its vectors, 32 are in RAM */
start:
	ldr r0, =0x20018000
	mov sp, r0
	ldr r0, =TABLE
	ldr r1, =vectors
	movs r2, #32
1:	ldr r3, [r1], #4
	str r3, [r0], #4
	subs r2, #1
	bne 1b
	poke 0xE000ED08, TABLE
	poke 0xE000E100, 0x00018000	/* irq15's is the last one, irq16's the first */
	poke 0xE000E200, 0x00010000
	dsb
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 1)
	PASS
	.thumb_func
hardfault:
	mark 1
	peek HFSR
	EXPECT(r0, 0x00000002)
	ldr r1, =HFSR
	str r0, [r1]
	poke 0xE000E180, 0x00010000
	bx lr
	.ltorg
