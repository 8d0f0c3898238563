/* An instruction is a cycle, within a block as well. (qemu counts none.) */
#include "rule.inc"
start:
	poke 0xE000EDFC, 0x01000000	/* DEMCR.TRCENA */
	poke 0xE0001004, 0
	poke 0xE0001000, 1
	ldr r0, =0xE0001004
	ldr r1, [r0]
	ldr r2, [r0]
	nop
	nop
	nop
	ldr r3, [r0]
	subs r2, r2, r1
	add r1, r2
	subs r3, r3, r1
	EXPECT(r2, 1)
	EXPECT(r3, 4)
	cmp r0, r0			/* also in an IT block, and behind one */
	ldr r1, [r0]
	ittt eq
	addeq r4, r4, #0
	ldreq r2, [r0]
	ldreq r3, [r0]
	subs r3, r3, r2
	EXPECT(r3, 1)
	subs r2, r2, r1
	EXPECT(r2, 3)
	poke 0xE000E014, 0xFFFFFF	/* SysTick counts the same */
	poke 0xE000E018, 0
	poke 0xE000E010, 5
	ldr r0, =0xE000E018
	ldr r1, [r0]
	nop
	ldr r2, [r0]
	subs r1, r1, r2
	EXPECT(r1, 2)
	PASS
