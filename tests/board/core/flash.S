/*
 * Flash that is programmed by the program in it: the bus waits, and what was translated of
 * the old content is gone (RM0090 3.6). The alias at 0 shows the same. (qemu has none.)
 */
#include "rule.inc"
#define KEYR 0x40023C04
#define SR   0x40023C0C
#define CR   0x40023C10
	.macro ready
1:	peek SR
	tst r0, #0x10000
	bne 1b
	.endm
start:
	poke KEYR, 0x45670123
	poke KEYR, 0xCDEF89AB
	poke CR, 0x00000201		/* PG, by words */
	poke 0x08004000, 0x47702001	/* movs r0, #1; bx lr */
	ready
	ldr r4, =0x08004001
	blx r4
	EXPECT(r0, 1)
	ldr r4, =0x00004001
	blx r4
	EXPECT(r0, 1)
	poke CR, 0x0000020A		/* SER, sector 1 */
	poke CR, 0x0001020A		/* STRT */
	ready
	peek 0x08004000
	EXPECT(r0, 0xFFFFFFFF)
	poke CR, 0x00000201
	poke 0x08004000, 0x47702002
	ready
	ldr r4, =0x08004001
	blx r4
	EXPECT(r0, 2)
	ldr r4, =0x00004001
	blx r4
	EXPECT(r0, 2)
	PASS
