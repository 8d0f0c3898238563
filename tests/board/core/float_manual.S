/* Without FPCCR.ASPEN nothing but the program changes CONTROL.FPCA, which alone decides on
   the frame; FPDSCR is taken right behind MSR CONTROL (B1.5.6, B1.5.7). */
#include "rule.inc"
#define FPCCR  0xE000EF34
#define FPDSCR 0xE000EF3C
start:
	poke 0xE000ED88, 0x00F00000
	poke FPCCR, 0
	dsb
	isb
	ldr r0, =0x00C00000		/* round towards zero */
	vmsr fpscr, r0
	vmov.f32 s1, #3.0
	movs r4, #0
	svc #0
	vmov.f32 s2, #2.0
	vmrs r0, fpscr
	EXPECT(r0, 0x00C00000)
	movs r0, #4
	msr control, r0
	isb
	vmov.f32 s1, #3.0
	movs r4, #1
	svc #0
	vmrs r0, fpscr
	EXPECT(r0, 0x00C00000)
	vmov r0, s1
	EXPECT(r0, 0x40400000)
	poke FPCCR, 0x80000000
	poke FPDSCR, 0x01000000		/* flush to zero */
	movs r0, #0
	msr control, r0
	isb
	vmov.f32 s1, #3.0
	vmrs r0, fpscr
	EXPECT(r0, 0x01000000)
	PASS
	.thumb_func
svcall:
	mov r5, lr
	cbnz r4, 1f
	EXPECT(r5, 0xFFFFFFF9)
	bx lr
1:	EXPECT(r5, 0xFFFFFFE9)
	ldr r0, [sp, #0x24]
	EXPECT(r0, 0x40400000)
	bx lr
