/*
 * What comes due within straight code has been taken when the code can know: a read that
 * shows the time, or the flag, finds the handler done. (qemu's time is its host's.)
 */
#include "rule.inc"
#define CSR    0xE000E010
#define DEMCR  0xE000EDFC
#define CYCCNT 0xE0001004
start:
	poke DEMCR, 0x01000000
	poke 0xE0001000, 1
	poke 0xE000E014, 150		/* RVR */
	ldr r4, =trace
	ldr r6, =CSR
	movs r3, #7
	b 1f
	.balign 1024			/* no page ends in between */
1:	str r3, [r6, #8]		/* CVR */
	str r3, [r6]
	.rept 200
	nop
	.endr
	ldr r0, [r6]			/* COUNTFLAG */
	ldr r5, [r4]
	EXPECT(r5, 1)
	ands r0, #0x10000
	EXPECT(r0, 0x10000)
	b 2f
	.balign 1024
2:	movs r0, #0
	str r0, [r4]
	ldr r6, =CYCCNT
	ldr r2, =CSR
	ldr r7, [r6]
	str r3, [r2, #8]
	.rept 200
	nop
	.endr
	ldmia r6, {r0, r1}		/* any access; its instruction is done again */
	ldr r5, [r4]
	EXPECT(r5, 1)
	subs r0, r7
	cmp r0, #200			/* the handler's time is in it */
	ite hi
	movhi r0, #1
	movls r0, #0
	EXPECT(r0, 1)
	cpsid i
	b 3f
	.balign 1024
3:	movs r0, #0
	str r0, [r4]
	str r3, [r2, #8]
	.rept 200
	nop
	.endr
	ldr r0, [r2]
	ldr r5, [r4]			/* not while it is masked */
	EXPECT(r5, 0)
	PASS
	.thumb_func
systick:
	mark 1
	ldr r0, =CSR
	movs r1, #5
	str r1, [r0]
	movs r1, #7
	str r1, [r0]
	bx lr
	.ltorg
