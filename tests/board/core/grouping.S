/* PRIGROUP: a subpriority does not preempt, but goes first (B1.5.4). */
#include "rule.inc"
#define ISER 0xE000E100
#define ISPR 0xE000E200
#define IPR  0xE000E400
#define AIRCR 0xE000ED0C
start:
	poke AIRCR, 0x05FA0600		/* one bit of group priority */
	peek AIRCR
	EXPECT(r0, 0xFA050600)
	poke AIRCR, 0x00000000		/* without the key: nothing */
	peek AIRCR
	EXPECT(r0, 0xFA050600)
	poke IPR, 0x00104030		/* irq0 0x30, irq1 0x40, irq2 0x10: one group */
	poke ISER, 7
	poke ISPR, 1
	dsb
	isb
	ldr r4, =trace
	ldr r4, [r4]
	EXPECT(r4, 0x1432)
	PASS
	.thumb_func
irq0:
	mark 1
	poke ISPR, 6
	dsb
	isb
	mark 4
	bx lr
	.thumb_func
irq1:
	mark 2
	bx lr
	.thumb_func
irq2:
	mark 3
	bx lr
