/* What is interrupted goes on as if nothing had been: conditions, IT blocks, loads and
   stores of many registers, the stack (B1.5.6, B1.5.10). */
#include "rule.inc"
#define TICKS 100
start:
	poke 0xE000E014, 96		/* SysTick, no multiple of a round */
	poke 0xE000E018, 0
	poke 0xE000E010, 7
	movs r8, #0
	movs r11, #0
1:	movs r0, #1
	movs r1, #2
	movs r2, #3
	movs r3, #4
	adds r4, r0, r3			/* no carry, not zero */
	ittet ne
	addne r0, r0, #10
	addne r1, r1, #10
	addeq r2, r2, #99
	subne r3, r3, #1
	ldr r5, =buffer
	stmia r5!, {r0-r4}
	push {r0-r4}
	movs r0, #0
	ldmdb r5, {r6, r7, r9, r10, r12}
	pop {r0-r4}
	add r6, r7
	add r6, r9
	add r6, r10
	add r6, r12			/* 11 + 12 + 3 + 3 + 5 */
	add r8, r6
	add r8, r0
	add r11, #34 + 11
	ldr r6, =ticks
	ldr r6, [r6]
	cmp r6, #TICKS
	blo 1b
	poke 0xE000E010, 0
	cmp r8, r11
	ite eq
	moveq r0, #1
	movne r0, #0
	EXPECT(r0, 1)
	mov r4, sp
	EXPECT(r4, STACK)
	PASS
	.thumb_func
systick:
	ldr r0, =ticks
	ldr r1, [r0]
	adds r1, #1
	str r1, [r0]
	ldr r0, =0x55555555		/* what was stacked is free for us */
	mov r1, r0
	mov r2, r0
	mov r3, r0
	mov r12, r0
	cmp r0, r0
	bx lr
	.ltorg
	.bss
ticks:	.space 4
buffer:	.space 32
