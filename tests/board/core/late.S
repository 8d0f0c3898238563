/* Late arrival: whenever SysTick comes, before, at or after the entry of a lower
   interrupt, it runs first or in between, never after what it should preempt (B1.5.11).
   (qemu's SysTick follows its host's time.) */
#include "rule.inc"
#define CVR 0xE000E018
start:
	poke 0xE000E400, 0x80		/* irq0 below SysTick */
	poke 0xE000E100, 1
	movs r8, #1			/* how long until SysTick comes */
1:	poke 0xE000E010, 0
	ldr r0, =0xE000E014
	str r8, [r0]
	ldr r0, =seen
	movs r1, #0
	str r1, [r0]
	str r1, [r0, #4]
	poke CVR, 0
	ldr r0, =0xE000E200
	movs r1, #1
	ldr r2, =0xE000E010
	movs r3, #7
	str r3, [r2]
	str r1, [r0]
	dsb
	isb
	ldr r4, =seen
2:	ldr r0, [r4]
	cmp r0, #0
	beq 2b
	poke 0xE000E010, 0
	ldr r0, [r4, #4]		/* irq0 has run once, to its end */
	EXPECT(r0, 1)
	ldr r0, [r4]			/* how SysTick came: from Thread or from irq0 */
	cmp r0, #1
	it eq
	addeq r9, #1
	cmp r0, #2
	it eq
	addeq r10, #1
	adds r8, #1
	cmp r8, #60
	bne 1b
	cmp r9, #0
	ite ne
	movne r0, #1
	moveq r0, #0
	EXPECT(r0, 1)
	cmp r10, #0
	ite ne
	movne r0, #1
	moveq r0, #0
	EXPECT(r0, 1)
	PASS
	.thumb_func
irq0:
	ldr r6, =seen
	.rept 16
	nop
	.endr
	ldr r0, [r6, #4]
	adds r0, #1
	str r0, [r6, #4]
	bx lr
	.thumb_func
systick:
	ldr r0, =seen
	ldr r1, [r0]
	cbnz r1, 1f
	mov r1, lr
	mvn r2, #6			/* 0xFFFFFFF9 */
	cmp r1, r2
	ite eq
	moveq r1, #1
	movne r1, #2
	str r1, [r0]
1:	poke 0xE000E010, 0
	bx lr
	.ltorg
	.bss
seen:	.space 8
