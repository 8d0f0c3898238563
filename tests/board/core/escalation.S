/* A fault that has no handler of its own is a HardFault; SVC too where it may not run. */
#include "rule.inc"
#define CFSR  0xE000ED28
#define HFSR  0xE000ED2C
start:
	ldr r4, =1f
undefined:
	udf #1
1:	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 1)
	cpsid i				/* SVC is masked then */
	ldr r4, =1f
	svc #0
1:	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x11)
	cpsie i
	PASS
	.thumb_func
hardfault:
	mark 1
	peek HFSR
	EXPECT(r0, 0x40000000)
	ldr r1, =HFSR
	str r0, [r1]
	peek HFSR
	EXPECT(r0, 0)
	mrs r0, ipsr
	EXPECT(r0, 3)
	str r4, [sp, #24]
	bx lr
