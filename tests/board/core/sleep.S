/* WFI wakes under PRIMASK without a handler; WFE, SEV, SEVONPEND, SLEEPONEXIT (B1.5.17).
   (qemu lets its host's time go by meanwhile.) */
#include "rule.inc"
#define ISER 0xE000E100
#define ISPR 0xE000E200
#define ICPR 0xE000E280
#define SCR  0xE000ED10
#define CSR  0xE000E010
start:
	poke 0xE000E014, 1000
	poke 0xE000E018, 0
	poke CSR, 7
	cpsid i
	wfi
	peek ICSR
	tst r0, #0x04000000		/* it is pending still */
	ite ne
	movne r0, #1
	moveq r0, #0
	EXPECT(r0, 1)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0)
	cpsie i
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 1)
	wfi
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x11)
	poke CSR, 0
	wfe				/* the handler's return was an event */
	sev
	wfe
	poke SCR, 0x10			/* SEVONPEND */
	poke ISPR, 1			/* disabled, but an event */
	wfe
	poke ICPR, 1
	poke SCR, 2			/* SLEEPONEXIT: thread mode is not seen again */
	poke 0xE000E018, 0
	poke CSR, 7
	wfi
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x1111)
	PASS
	.thumb_func
systick:
	mark 1
	ldr r0, =trace
	ldr r0, [r0]
	ldr r1, =0x1111
	cmp r0, r1
	bne 1f
	poke SCR, 0
1:	bx lr
	.ltorg
