/* A fault whose handler's priority is not above the present one, or that PRIMASK masks,
   is a HardFault (B1.5.4). */
#include "rule.inc"
#define SHCSR 0xE000ED24
#define SHPR1 0xE000ED18
#define CFSR  0xE000ED28
#define HFSR  0xE000ED2C
	.macro clear
	poke CFSR, 0xFFFFFFFF
	poke HFSR, 0xFFFFFFFF
	.endm
start:
	poke SHCSR, 0x00070000
	poke SHPR1, 0x00404040
	poke 0xE000E400, 0x00804040	/* irq0 and 1 as the faults, irq2 below */
	poke 0xE000E100, 7
	ldr r6, =1f
	udf #1				/* from Thread mode: its own */
1:	clear
	poke 0xE000E200, 4
	dsb
	isb				/* from below: its own */
	clear
	poke 0xE000E200, 1
	dsb
	isb				/* from its own level: not */
	peek HFSR
	EXPECT(r0, 0x40000000)
	clear
	cpsid i
	ldr r6, =1f
	udf #1
1:	cpsie i
	peek HFSR
	EXPECT(r0, 0x40000000)
	peek CFSR
	EXPECT(r0, 0x00010000)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x1122)
	PASS
	.thumb_func
irq0:
	ldr r6, =1f
	udf #1
1:	bx lr
	.thumb_func
irq2:
	ldr r6, =1f
	udf #1
1:	bx lr
	.thumb_func
usagefault:
	mark 1
	str r6, [sp, #24]
	bx lr
	.thumb_func
hardfault:
	mark 2
	str r6, [sp, #24]
	bx lr
	.ltorg
