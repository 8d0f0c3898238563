/* SHCSR shows who is active, pending and enabled, and takes what is written (B3.2.13). */
#include "rule.inc"
#define SHCSR 0xE000ED24
start:
	poke SHCSR, 0x00070000
	peek SHCSR
	EXPECT(r0, 0x00070000)
	svc #0
	poke ICSR, 0x14000000		/* PendSV and SysTick */
	dsb
	isb
	udf #1
	nop
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x1324)
	peek SHCSR
	EXPECT(r0, 0x00070000)
	poke SHCSR, 0x00008000		/* SVCALLPENDED: it is taken as if by SVC */
	dsb
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x13241)
	peek SHCSR
	EXPECT(r0, 0)
	PASS
	.thumb_func
svcall:
	mark 1
	peek SHCSR
	ands r0, #0xFF
	EXPECT(r0, 0x80)
	bx lr
	.thumb_func
systick:
	mark 2
	peek SHCSR
	ldr r1, =0xFFFF
	ands r0, r1
	EXPECT(r0, 0x800)
	bx lr
	.thumb_func
pendsv:
	mark 3
	peek SHCSR
	ldr r1, =0xFFFF
	ands r0, r1
	EXPECT(r0, 0x400)
	bx lr
	.thumb_func
usagefault:
	mark 4
	peek SHCSR
	ldr r1, =0xFFFF
	ands r0, r1
	EXPECT(r0, 0x8)
	ldr r0, [sp, #24]
	adds r0, #2
	str r0, [sp, #24]
	bx lr
	.ltorg
