/* Code in RAM that changes under the processor. */
#include "rule.inc"
start:
	ldr r4, =0x20002000
	ldr r0, =0x47702001		/* movs r0, #1; bx lr */
	str r0, [r4]
	orr r5, r4, #1
	dsb
	isb
	blx r5
	EXPECT(r0, 1)
	movs r1, #100			/* often enough to be worth translating once */
1:	blx r5
	subs r1, #1
	bne 1b
	ldr r0, =0x47702002
	str r0, [r4]
	dsb
	isb
	blx r5
	EXPECT(r0, 2)
	movs r0, #3
	strb r0, [r4]
	isb
	blx r5
	EXPECT(r0, 3)
	PASS
