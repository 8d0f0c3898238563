/*
 * What a store makes pending is taken in front of the next instruction, whichever store it
 * is, and behind ISB at the latest. (qemu goes on to the end of its own block.)
 */
#include "rule.inc"
#define ISER 0xE000E100
#define ISPR 0xE000E200
#define STIR 0xE000EF00
	/* the trace has one more by now */
	.macro taken mark, line
	ldr r5, [r4]
	cmp r5, #\mark
	beq .Lok\@
	movw r7, #\line
	b finish
.Lok\@:	movs r5, #0
	str r5, [r4]
	.endm
#define TAKEN(mark) taken mark, __LINE__
start:
	poke ISER, 6
	ldr r4, =trace
	ldr r2, =ISPR
	movs r3, #2
	str r3, [r2]
	TAKEN(1)
	movs r6, #0
	str r3, [r2, r6]
	TAKEN(1)
	strb r3, [r2]
	TAKEN(1)
	strh r3, [r2]
	TAKEN(1)
	sub r2, #16
	str r3, [r2, #16]!
	TAKEN(1)
	str r3, [r2], #4
	TAKEN(1)
	sub r2, #4
	add r6, r2, #0x80
	str r3, [r6, #-0x80]
	TAKEN(1)
	cmp r3, #2
	it eq
	streq r3, [r2]
	TAKEN(1)
	str r3, [r2]			/* one that is taken behind another */
	str r3, [r2]
	TAKEN(0x11)
	ldr r6, =STIR
	movs r3, #1
	str r3, [r6]
	TAKEN(1)
	ldr r6, =ICSR
	mov r3, #0x10000000		/* PENDSVSET */
	str r3, [r6]
	TAKEN(3)
	ldr r6, =0x40013C00		/* EXTI: a peripheral's line */
	mov r3, #0x10000
	str r3, [r6]			/* IMR: PVD, which is irq1 */
	str r3, [r6, #0x10]		/* SWIER */
	TAKEN(4)
	ldr r6, =0xE000E400
	ldr r3, =0x00400000		/* irq2 below the mask */
	str r3, [r6]
	movs r3, #0x40
	msr basepri, r3
	movs r3, #4
	str r3, [r2]
	movs r3, #0
	str r3, [r6]			/* and above it */
	TAKEN(2)
	msr basepri, r3
	cpsid i
	movs r3, #4
	str r3, [r2]
	TAKEN(0)
	cpsie i
	TAKEN(2)
	cpsid i
	movs r6, #1
	msr primask, r6
	str r3, [r2]
	movs r6, #0
	msr primask, r6
	TAKEN(2)
	movs r5, #0			/* two words, the second of which is ISPR2 */
	strd r3, r5, [r2]
	isb
	TAKEN(2)
	stm r2, {r3, r5}
	isb
	TAKEN(2)
	PASS
	.thumb_func
irq1:
	ldr r0, =0x40013C14		/* PR */
	ldr r1, [r0]
	cbnz r1, 1f
	mark 1
	bx lr
1:	str r1, [r0]
	mark 4
	bx lr
	.thumb_func
irq2:
	mark 2
	bx lr
	.thumb_func
pendsv:
	mark 3
	bx lr
