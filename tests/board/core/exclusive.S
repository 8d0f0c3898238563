/* Exclusive accesses: a store without a load, after CLREX, and over an exception fails
   (A3.4, B1.5.8). */
#include "rule.inc"
start:
	ldr r4, =cell
	movs r5, #7
	ldrex r0, [r4]
	strex r6, r5, [r4]
	EXPECT(r6, 0)
	ldr r0, [r4]
	EXPECT(r0, 7)
	movs r5, #8
	strex r6, r5, [r4]		/* the first one has used it up */
	EXPECT(r6, 1)
	ldrex r0, [r4]
	clrex
	strex r6, r5, [r4]
	EXPECT(r6, 1)
	ldrex r0, [r4]
	svc #0
	strex r6, r5, [r4]
	EXPECT(r6, 1)
	ldr r0, [r4]
	EXPECT(r0, 7)
	ldrexb r0, [r4]
	strexb r6, r5, [r4]
	EXPECT(r6, 0)
	ldr r0, [r4]
	EXPECT(r0, 8)
	PASS
	.thumb_func
svcall:
	bx lr
	.ltorg
	.bss
cell:	.space 4
