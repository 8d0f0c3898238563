/* The monitor of LDREX and STREX, which exceptions and returns from them clear (B1.5.6). */
#include "rule.inc"
start:
	ldr r4, =word
	movs r6, #0
	ldrex r0, [r4]		/* undisturbed */
	adds r0, #1
	strex r1, r0, [r4]
	EXPECT(r1, 0)
	ldr r0, [r4]
	EXPECT(r0, 1)
	strex r1, r6, [r4]	/* a second one needs another LDREX */
	EXPECT(r1, 1)
	ldrex r0, [r4]
	clrex
	strex r1, r6, [r4]
	EXPECT(r1, 1)
	ldrex r0, [r4]		/* over an exception, which itself does nothing */
	svc #0
	strex r1, r6, [r4]
	EXPECT(r1, 1)
	ldr r0, [r4]
	EXPECT(r0, 1)
	ldrex r0, [r4]		/* and again: it works */
	adds r0, #1
	strex r1, r0, [r4]
	EXPECT(r1, 0)
	ldrexb r0, [r4]		/* bytes and half-words */
	svc #0
	strexb r1, r6, [r4]
	EXPECT(r1, 1)
	ldrexh r0, [r4]
	svc #0
	strexh r8, r6, [r4]
	mov r1, r8
	EXPECT(r1, 1)
	movs r6, #1		/* the handler's own pair, and not the thread's */
	ldrex r0, [r4]
	svc #0
	strex r1, r6, [r4]
	EXPECT(r1, 1)
	ldr r0, [r4]
	EXPECT(r0, 3)
	PASS
	.thumb_func
svcall:
	cbz r6, 1f
	ldrex r0, [r4]
	adds r0, #1
	strex r1, r0, [r4]
	EXPECT(r1, 0)
1:	bx lr

	.bss
	.balign 4
word:	.space 4
