/* A bad EXC_RETURN is a UsageFault with INVPC. */
#include "rule.inc"
#define SHCSR 0xE000ED24
#define CFSR  0xE000ED28
start:
	poke SHCSR, 0x00070000
	svc #0
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x12)
	PASS
	.thumb_func
svcall:
	mark 1
	ldr r0, =0xFFFFFFF1		/* there is no handler to go back to */
	bx r0
	.thumb_func
usagefault:
	mark 2
	peek CFSR
	EXPECT(r0, 0x00040000)
	mrs r0, ipsr
	EXPECT(r0, 6)
	ldr r0, =0xFFFFFFF9
	bx r0
