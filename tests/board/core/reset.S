/* AIRCR.SYSRESETREQ: with its key it resets all but RAM (B1.5.16). */
#include "rule.inc"
#define AIRCR 0xE000ED0C
#define SHCSR 0xE000ED24
#define KEPT  0x20010000		/* RAM that the start of rule.inc leaves alone */
start:
	peek KEPT
	ldr r4, =0xC0FFEE42
	cmp r0, r4
	beq again
	poke AIRCR, 0x0BAD0304		/* another key */
	dsb
	nop
	peek AIRCR
	EXPECT(r0, 0xFA050000)
	poke KEPT, 0xC0FFEE42
	poke SHCSR, 0x00070000
	poke 0xE000E100, 0xF
	poke 0xE000E400, 0x80808080
	poke 0xE000ED08, 0x20000000	/* VTOR */
	poke 0xE000ED14, 0x210
	cpsid i
	ldr r0, =0x20008000
	msr psp, r0
	movs r0, #2
	msr control, r0
	isb
	poke AIRCR, 0x05FA0304
	dsb
1:	b 1b
again:
	poke KEPT, 0
	mov r5, sp
	EXPECT(r5, STACK)
	mrs r4, control
	EXPECT(r4, 0)
	mrs r4, primask
	EXPECT(r4, 0)
	peek SHCSR
	EXPECT(r0, 0)
	peek 0xE000E100
	EXPECT(r0, 0)
	peek 0xE000E400
	EXPECT(r0, 0)
	peek AIRCR			/* PRIGROUP too */
	EXPECT(r0, 0xFA050000)
	peek 0xE000ED14
	EXPECT(r0, 0x200)
	PASS
	.ltorg
