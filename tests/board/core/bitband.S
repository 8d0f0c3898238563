/* A word of the alias is a bit of RAM. (Peripherals: tests of the board.) */
#include "rule.inc"
start:
	ldr r4, =0x20001000
	movs r0, #0
	str r0, [r4]
	ldr r5, =0x22000000 + 0x1000 * 32
	movs r0, #1
	str r0, [r5, #4 * 5]
	ldr r0, [r4]
	EXPECT(r0, 0x20)
	movs r0, #0xFE			/* bit 0 decides */
	str r0, [r5, #4 * 5]
	ldr r0, [r4]
	EXPECT(r0, 0)
	ldr r0, =0x80000001
	str r0, [r4]
	ldr r0, [r5, #4 * 31]
	EXPECT(r0, 1)
	ldr r0, [r5, #4 * 30]
	EXPECT(r0, 0)
	movs r0, #1
	strb r0, [r5, #4 * 9]
	ldr r0, [r4]
	EXPECT(r0, 0x80000201)
	PASS
