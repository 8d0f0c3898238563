/* The private bus is not for the unprivileged, but for STIR where CCR says so (B3.1).
   (qemu's STIR is for the privileged alone.) */
#include "rule.inc"
#define BFAR 0xE000ED38
#define CFSR 0xE000ED28
start:
	poke 0xE000ED24, 0x00070000
	poke 0xE000E100, 1
	poke 0xE000ED14, 0x202		/* USERSETMPEND */
	movs r0, #1
	msr control, r0
	isb
	poke 0xE000EF00, 0
	dsb
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 2)
	ldr r4, =0xE000ED00
	movs r0, #7
	ldr.w r0, [r4]
	EXPECT(r0, 7)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x21)
	PASS
	.thumb_func
irq0:
	mark 2
	bx lr
	.thumb_func
busfault:
	mark 1
	peek CFSR
	EXPECT(r0, 0x00008200)
	peek BFAR
	EXPECT(r0, 0xE000ED00)
	ldr r0, [sp, #24]
	adds r0, #4
	str r0, [sp, #24]
	bx lr
