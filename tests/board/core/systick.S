/* SysTick interrupts, its flag, and the counter's period (B3.3). */
#include "rule.inc"
start:
	poke 0xE000E014, 999		/* RVR */
	poke 0xE000E018, 0		/* CVR */
	poke 0xE000E010, 7		/* CSR: enable, interrupt, the processor's clock */
	ldr r4, =count
	movs r5, #0
1:	adds r5, #1
	ldr r0, [r4]
	cmp r0, #10
	blo 1b			/* an emulator on a busy host may be past it */
	peek 0xE000E010
	ands r0, #7
	EXPECT(r0, 7)
	PASS
	.thumb_func
systick:
	ldr r0, =count
	ldr r1, [r0]
	adds r1, #1
	str r1, [r0]
	bx lr
	.ltorg
	.bss
count:	.space 4
