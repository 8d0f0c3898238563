/* How the processor comes out of reset (B1.5.5). */
#include "rule.inc"
#define SHCSR 0xE000ED24
start:	/* the start of rule.inc has used R0 to R2 */
	mov r4, lr
	mov r5, sp
	EXPECT(r4, 0xFFFFFFFF)
	EXPECT(r5, STACK)
	mrs r4, control
	EXPECT(r4, 0)
	mrs r4, primask
	EXPECT(r4, 0)
	mrs r4, faultmask
	EXPECT(r4, 0)
	mrs r4, basepri
	EXPECT(r4, 0)
	mrs r4, ipsr
	EXPECT(r4, 0)
	mrs r4, epsr			/* T is set, but not for MRS */
	EXPECT(r4, 0)
	peek ICSR
	EXPECT(r0, 0x00000800)
	peek 0xE000ED0C			/* AIRCR */
	EXPECT(r0, 0xFA050000)
	peek 0xE000ED10			/* SCR */
	EXPECT(r0, 0)
	peek 0xE000ED14			/* CCR: STKALIGN */
	EXPECT(r0, 0x200)
	peek SHCSR
	EXPECT(r0, 0)
	peek 0xE000ED28			/* CFSR, HFSR */
	EXPECT(r0, 0)
	peek 0xE000ED2C
	EXPECT(r0, 0)
	peek 0xE000ED88			/* CPACR */
	EXPECT(r0, 0)
	peek 0xE000E100
	EXPECT(r0, 0)
	peek 0xE000E010			/* SysTick */
	ands r0, #3
	EXPECT(r0, 0)
	PASS
	.ltorg
