/* The floating point context on exceptions: lazy, and as software sees it (B1.5.7). */
#include "rule.inc"
#define CPACR  0xE000ED88
#define FPCCR  0xE000EF34
#define FPCAR  0xE000EF38
#define FPDSCR 0xE000EF3C
start:
	peek FPCCR
	EXPECT(r0, 0xC0000000)
	poke CPACR, 0x00F00000
	dsb
	isb
	mrs r0, control
	EXPECT(r0, 0)
	vmov.f32 s0, #1.0
	vmov.f32 s15, #2.0
	mrs r0, control
	EXPECT(r0, 4)
	movs r4, #0
	svc #0				/* a handler that leaves the FPU alone */
	mov r0, sp
	EXPECT(r0, STACK)
	movs r4, #1
	svc #0				/* one that does not */
	vmov r0, s0
	EXPECT(r0, 0x3F800000)
	vmov r0, s15
	EXPECT(r0, 0x40000000)
	mrs r0, control
	EXPECT(r0, 4)
	mov r0, sp
	EXPECT(r0, STACK)
	movs r0, #0			/* the context is given up */
	msr control, r0
	isb
	movs r4, #2
	svc #0
	PASS
	.thumb_func
svcall:
	cmp r4, #2
	beq 3f
	mov r5, lr
	EXPECT(r5, 0xFFFFFFE9)
	mov r5, sp
	EXPECT(r5, STACK - 0x68)
	mrs r5, control
	EXPECT(r5, 0)
	peek FPCAR
	EXPECT(r0, STACK - 0x68 + 0x20)
	peek FPCCR
	and r0, #1
	EXPECT(r0, 1)
	cbz r4, 2f
	vmov.f32 s0, #8.0		/* now the old ones are written */
	vmov.f32 s15, #8.0
	peek FPCCR
	and r0, #1
	EXPECT(r0, 0)
	ldr r0, [sp, #0x20]
	EXPECT(r0, 0x3F800000)
	ldr r0, [sp, #0x5C]
	EXPECT(r0, 0x40000000)
2:	bx lr
3:	mov r5, lr
	EXPECT(r5, 0xFFFFFFF9)
	bx lr
