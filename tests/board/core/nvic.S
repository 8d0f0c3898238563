/* Priorities, nesting, tail-chaining, and the bits that show them (B1.5, B3.4). */
#include "rule.inc"
#define ISER 0xE000E100
#define ICER 0xE000E180
#define ISPR 0xE000E200
#define ICPR 0xE000E280
#define IABR 0xE000E300
#define IPR  0xE000E400
#define STIR 0xE000EF00
start:
	/* a disabled one stays pending */
	poke ISPR, 1
	dsb
	isb
	peek ISPR
	EXPECT(r0, 1)
	peek ICSR
	EXPECT(r0, 0x00400800)		/* ISRPENDING, RETTOBASE */
	poke ICPR, 1
	peek ISPR
	EXPECT(r0, 0)
	/* irq0 < irq1 < irq2: a handler of each pends the next one, which preempts it */
	poke IPR, 0x00406080
	poke ISER, 7
	poke STIR, 0
	dsb
	isb
	ldr r4, =trace
	ldr r4, [r4]
	EXPECT(r4, 0x123456)
	peek IABR
	EXPECT(r0, 0)
	/* of two at a time the one with the lower number first, then its neighbour */
	ldr r1, =trace
	movs r0, #0
	str r0, [r1]
	poke IPR, 0x80808080
	cpsid i
	poke ISPR, 6
	dsb
	isb
	ldr r1, =nest
	movs r0, #1
	str r0, [r1]
	cpsie i
	isb
	ldr r4, =trace
	ldr r4, [r4]
	EXPECT(r4, 0x2534)		/* irq1 whole, then irq2 whole */
	PASS
	.thumb_func
irq0:
	mark 1
	poke ISPR, 2
	dsb
	isb
	mark 6
	bx lr
	.thumb_func
irq1:
	mark 2
	ldr r0, =nest
	ldr r0, [r0]
	cbnz r0, 1f
	poke ISPR, 4
	dsb
	isb
1:	mark 5
	bx lr
	.thumb_func
irq2:
	mark 3
	ldr r0, =nest
	ldr r0, [r0]
	cbnz r0, 1f
	peek IABR
	EXPECT(r0, 7)
	mrs r0, ipsr
	EXPECT(r0, 18)
1:	mark 4
	bx lr
	.ltorg
	.bss
nest:	.space 4
