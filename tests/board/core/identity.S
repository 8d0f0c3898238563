/* Who the processor is, and registers that keep what they are given. (qemu has others.) */
#include "rule.inc"
start:
	peek 0xE000ED00
	EXPECT(r0, 0x410FC241)
	peek 0xE000E004
	EXPECT(r0, 2)
	peek 0xE000ED90			/* MPU_TYPE: eight regions */
	EXPECT(r0, 0x00000800)
	poke 0xE000ED98, 3
	poke 0xE000ED9C, 0x20000000
	poke 0xE000EDA0, 0x03040029
	poke 0xE000ED98, 0
	poke 0xE000ED98, 3
	peek 0xE000ED9C
	EXPECT(r0, 0x20000003)
	peek 0xE000EDA0
	EXPECT(r0, 0x03040029)
	peek 0xE000EF40
	EXPECT(r0, 0x10110021)
	peek 0xE000EF44
	EXPECT(r0, 0x11000011)
	poke 0xE000ED08, 0x20000000	/* VTOR */
	peek 0xE000ED08
	EXPECT(r0, 0x20000000)
	peek 0xE000E01C			/* SysTick's calibration */
	EXPECT(r0, 0x4000493E)
	peek 0xE000E000 + 0xFF0
	EXPECT(r0, 0x0D)
	PASS
