/* PRIMASK, FAULTMASK, BASEPRI and BASEPRI_MAX (B1.4.3). */
#include "rule.inc"
#define ISER 0xE000E100
#define ISPR 0xE000E200
#define ICPR 0xE000E280
#define IPR  0xE000E400
	.macro pend
	poke ISPR, 1
	dsb
	isb
	ldr r5, =trace
	ldr r5, [r5]
	.endm
start:
	poke IPR, 0x40
	poke ISER, 1
	cpsid i
	pend
	EXPECT(r5, 0)
	cpsie i
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 1)
	cpsid f
	pend
	EXPECT(r5, 1)
	mrs r0, faultmask
	EXPECT(r0, 1)
	cpsie f
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x11)
	mov r0, #0x40			/* its own level is enough to mask it */
	msr basepri, r0
	pend
	EXPECT(r5, 0x11)
	mov r0, #0x50
	msr basepri, r0
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x111)
	mov r0, #0x60			/* BASEPRI_MAX only raises */
	msr basepri_max, r0
	mrs r0, basepri
	EXPECT(r0, 0x50)
	mov r0, #0x20
	msr basepri_max, r0
	mrs r0, basepri
	EXPECT(r0, 0x20)
	mov r0, #0
	msr basepri_max, r0
	mrs r0, basepri
	EXPECT(r0, 0x20)
	pend
	EXPECT(r5, 0x111)
	mov r0, #0
	msr basepri, r0
	isb
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x1111)
	PASS
	.thumb_func
irq0:
	mark 1
	bx lr
