/* With CCR.NONBASETHRDENA a handler may go to Thread mode over others (B1.5.8). */
#include "rule.inc"
#define SHCSR 0xE000ED24
#define CFSR  0xE000ED28
#define CCR   0xE000ED14
start:
	poke SHCSR, 0x00070000
	poke 0xE000E400, 0x00004080	/* irq1 goes before irq0 */
	poke 0xE000E100, 3
	poke 0xE000E200, 1
	dsb
	isb
	mrs r4, ipsr
	EXPECT(r4, 0)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x12345)
	peek 0xE000E300
	EXPECT(r0, 0)
	PASS
	.thumb_func
irq0:
	mark 1
	poke CCR, 0x201
	poke 0xE000E200, 2
	dsb
	isb
	/* here by irq1, in Thread mode: this is its priority still */
	mrs r4, ipsr
	EXPECT(r4, 0)
	peek 0xE000E300
	EXPECT(r0, 1)
	mark 3
	svc #0				/* the way back into Handler mode */
	mrs r4, ipsr
	EXPECT(r4, 16)
	mark 5
	bx lr
	.thumb_func
irq1:
	mark 2
	ldr r0, [sp, #28]		/* xPSR: Thread mode's has no number */
	ldr r1, =0x1FF
	bics r0, r1
	str r0, [sp, #28]
	ldr r0, =0xFFFFFFF9
	bx r0
	.thumb_func
svcall:
	mark 4
	ldr r0, [sp, #28]
	orr r0, #16
	str r0, [sp, #28]
	ldr r0, =0xFFFFFFF1
	bx r0
	.ltorg
