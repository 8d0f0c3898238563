/* CCR.BFHFNMIGN: with FAULTMASK set, or in HardFault, a load from nowhere goes by: the
   way to look what memory there is (B1.5.15). (qemu 7.2 locks up.) */
#include "rule.inc"
#define CFSR  0xE000ED28
#define CCR   0xE000ED14
start:
	poke CCR, 0x300
	cpsid f
	ldr r4, =0x60000000
	ldr r5, [r4]
	str r5, [r4]
	cpsie f
	peek CFSR			/* the flags tell */
	tst r0, #0x8000
	ite ne
	movne r5, #1
	moveq r5, #0
	EXPECT(r5, 1)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0)
	ldr r0, =CFSR
	ldr r1, [r0]
	str r1, [r0]
	ldr r6, =1f
	ldr r5, [r4]			/* without, it is a fault */
1:	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x12)
	PASS
	.thumb_func
hardfault:
	mark 1
	ldr r5, [r4]			/* in it, it is not */
	mark 2
	str r6, [sp, #24]
	bx lr
	.ltorg
