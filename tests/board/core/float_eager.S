/* FPCCR without LSPEN, then without ASPEN; FPDSCR for a new context (B1.5.7). */
#include "rule.inc"
#define FPCCR  0xE000EF34
#define FPDSCR 0xE000EF3C
start:
	poke 0xE000ED88, 0x00F00000
	poke FPCCR, 0x80000000
	poke FPDSCR, 0x01000000		/* flush to zero */
	dsb
	isb
	vmov.f32 s1, #3.0
	vmrs r0, fpscr
	EXPECT(r0, 0x01000000)
	mrs r0, control
	EXPECT(r0, 4)
	movs r4, #0
	svc #0
	vmov r0, s1
	EXPECT(r0, 0x40400000)
	poke FPCCR, 0
	movs r0, #0
	msr control, r0
	isb
	movs r4, #1
	svc #0
	PASS
	.thumb_func
svcall:
	mov r5, lr
	cbnz r4, 1f
	EXPECT(r5, 0xFFFFFFE9)
	ldr r0, [sp, #0x24]		/* there at once */
	EXPECT(r0, 0x40400000)
	ldr r0, [sp, #0x60]
	EXPECT(r0, 0x01000000)
	peek FPCCR
	EXPECT(r0, 0x80000000)
	vmov.f32 s1, #5.0
	bx lr
1:	EXPECT(r5, 0xFFFFFFF9)
	bx lr
