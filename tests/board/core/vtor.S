/* The vectors in RAM, where VTOR says. */
#include "rule.inc"
start:
	ldr r0, =vectors
	ldr r1, =0x20000400
	movs r2, #98
1:	ldr r3, [r0], #4
	str r3, [r1], #4
	subs r2, #1
	bne 1b
	ldr r0, =other
	adds r0, #0
	orr r0, #1
	ldr r1, =0x20000400 + 11 * 4
	str r0, [r1]
	poke 0xE000ED08, 0x20000400
	dsb
	svc #0
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 7)
	PASS
	.thumb_func
other:
	mark 7
	bx lr
