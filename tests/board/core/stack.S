/* PSP and MSP, CONTROL, what the unprivileged may not, and how frames are aligned. */
#include "rule.inc"
#define CCR 0xE000ED14
start:
	ldr r0, =0x2001C000
	msr psp, r0
	movs r0, #2
	msr control, r0
	isb
	mov r0, sp
	EXPECT(r0, 0x2001C000)
	mrs r0, msp
	EXPECT(r0, STACK)
	movs r4, #0
	svc #1				/* its frame is on the process stack */
	mrs r0, psp
	EXPECT(r0, 0x2001C000)
	sub sp, #4
	movs r4, #1
	svc #2				/* this one with a word in between */
	mrs r0, psp
	EXPECT(r0, 0x2001BFFC)
	add sp, #4
	movs r0, #3
	msr control, r0			/* unprivileged from here */
	isb
	mrs r0, control
	EXPECT(r0, 3)
	movs r0, #0
	msr control, r0
	isb
	mrs r0, control
	EXPECT(r0, 3)
	cpsid i
	mrs r0, primask
	EXPECT(r0, 0)
	movs r0, #0x40
	msr basepri, r0
	msr msp, r0
	movs r4, #2
	svc #3				/* which gives the privilege back */
	mrs r0, control
	EXPECT(r0, 2)
	mrs r0, msp
	EXPECT(r0, STACK)
	mrs r0, basepri
	EXPECT(r0, 0)
	PASS
	.thumb_func
svcall:
	mov r5, lr
	EXPECT(r5, 0xFFFFFFFD)
	mov r5, sp
	EXPECT(r5, STACK)
	mrs r5, control
	bic r5, #1
	EXPECT(r5, 0)
	mrs r5, psp
	ldr r6, [r5, #28]
	ubfx r6, r6, #9, #1
	cmp r4, #1
	bne 1f
	EXPECT(r6, 1)
	EXPECT(r5, 0x2001BFD8)
	bx lr
1:	EXPECT(r6, 0)
	EXPECT(r5, 0x2001BFE0)
	cmp r4, #2
	bne 1f
	movs r5, #0
	msr control, r5
1:	bx lr
