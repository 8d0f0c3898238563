/* Tail-chaining: the second handler finds the frame of the first (B1.5.9). */
#include "rule.inc"
start:
	poke 0xE000E400, 0x00008080
	poke 0xE000E100, 3
	mov r4, sp
	cpsid i
	poke 0xE000E200, 3
	cpsie i
	isb
	EXPECT(r4, STACK)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x12)
	mov r5, sp
	EXPECT(r5, STACK)
	PASS
	.thumb_func
irq0:
	mark 1
	mov r5, sp
	EXPECT(r5, STACK - 0x20)
	mov r5, lr
	EXPECT(r5, 0xFFFFFFF9)
	ldr r0, =0x55555555		/* left behind: nothing is popped in between */
	mov r5, r0
	bx lr
	.thumb_func
irq1:
	EXPECT(r0, 0x55555555)
	mark 2
	mov r5, sp
	EXPECT(r5, STACK - 0x20)
	mov r5, lr
	EXPECT(r5, 0xFFFFFFF9)
	bx lr
