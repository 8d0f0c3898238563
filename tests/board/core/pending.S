/* NMI by ICSR; PendSV and SysTick set and cleared; VECTACTIVE and RETTOBASE. */
#include "rule.inc"
start:
	cpsid i
	poke ICSR, 0x14000000		/* PENDSVSET, PENDSTSET */
	peek ICSR
	EXPECT(r0, 0x1400E800)		/* VECTPENDING is PendSV, RETTOBASE */
	poke ICSR, 0x0A000000		/* both cleared */
	peek ICSR
	EXPECT(r0, 0x00000800)
	cpsie i
	poke ICSR, 0x80000000
	dsb
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 1)
	PASS
	.thumb_func
nmi:
	mark 1
	peek ICSR
	EXPECT(r0, 0x00000802)
	bx lr
