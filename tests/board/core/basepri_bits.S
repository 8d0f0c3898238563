/* A priority has four bits, in IPR and in BASEPRI. (qemu's has eight.) */
#include "rule.inc"
start:
	mov r0, #0xFF
	msr basepri, r0
	nop
	mrs r0, basepri
	EXPECT(r0, 0xF0)
	poke 0xE000E400, 0xFFFFFFFF
	peek 0xE000E400
	EXPECT(r0, 0xF0F0F0F0)
	PASS
