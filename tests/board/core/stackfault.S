/* A frame that has no room: BusFault STKERR, on top of what was to be taken (B1.5.10). */
#include "rule.inc"
#define SHCSR 0xE000ED24
#define CFSR  0xE000ED28
start:
	poke SHCSR, 0x00070000
	ldr r0, =0x60000000
	msr psp, r0
	movs r0, #2
	msr control, r0
	isb
	svc #0
	b .
	.thumb_func
svcall:
	mark 2
	bx lr
	.thumb_func
busfault:
	mark 1
	peek CFSR
	EXPECT(r0, 0x00001000)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 1)
	PASS
