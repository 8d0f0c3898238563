/* SysTick's COUNTFLAG: set as the counter comes to 0, taken away by reading CSR and by
   writing CVR, which makes no interrupt (B3.3.3). (qemu's SysTick follows its host's
   time.) */
#include "rule.inc"
#define CSR 0xE000E010
#define RVR 0xE000E014
#define CVR 0xE000E018
start:
	poke RVR, 0xFF000063		/* 24 bits */
	peek RVR
	EXPECT(r0, 0x63)
	poke CVR, 5			/* anything clears it */
	peek CVR
	EXPECT(r0, 0)
	poke CSR, 5			/* it counts, and nobody is told */
1:	peek CSR
	tst r0, #0x10000
	beq 1b
	ldr r1, =CSR			/* the read has taken the flag */
	ldr r2, =CVR
2:	ldr r3, [r2]
	cmp r3, #50			/* from the middle of a round... */
	bhi 2b
	cmp r3, #20
	blo 2b
	ldr r0, [r1]
	ldr r0, [r1]			/* ...of which the flag is taken */
	EXPECT(r0, 5)
3:	ldr r0, [r1]
	tst r0, #0x10000
	beq 3b
	EXPECT(r0, 0x00010005)
	peek ICSR			/* TICKINT was off */
	EXPECT(r0, 0x00000800)
	poke RVR, 0xFFFFFF
	poke CVR, 0			/* the flag goes with the count */
	peek CSR
	EXPECT(r0, 5)
4:	peek CVR
	cmp r0, #0
	beq 4b
	lsrs r0, #16
	EXPECT(r0, 0xFF)		/* it began anew at the top */
	poke CSR, 0
	poke RVR, 0			/* with 0 it stops at 0 */
	poke CVR, 0
	poke CSR, 5
	nop
	nop
	peek CVR
	EXPECT(r0, 0)
	PASS
	.ltorg
