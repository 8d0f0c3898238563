/* Each fault has its bit, its address and the instruction's own address (B1.5.14).
   (qemu lets unaligned accesses to devices pass.) */
#include "rule.inc"
#define SHCSR 0xE000ED24
#define CFSR  0xE000ED28
#define CCR   0xE000ED14
#define BFAR  0xE000ED38
	/* the instruction at \at must have been at fault, with \cfsr; skips to `next` */
	.macro faulted at, cfsr, line
	ldr r0, =seen
	ldr r1, [r0]
	ldr r2, [r0, #4]
	expect r1, \cfsr, \line
	expect r2, \at, \line
	movs r1, #0
	str r1, [r0]
	.endm
#define FAULTED(at, cfsr) faulted at, cfsr, __LINE__
	.macro resume at
	ldr r0, =seen
	ldr r1, =\at
	str r1, [r0, #8]
	.endm
start:
	poke SHCSR, 0x00070000
	resume 1f
undefined:
	udf #7
1:	FAULTED(undefined, 0x00010000)
	resume 1f
	mov r4, #0x60000000
	nop
busread:
	ldr r5, [r4, #8]
1:	FAULTED(busread, 0x00008200)
	ldr r0, =BFAR
	ldr r0, [r0]
	EXPECT(r0, 0x60000008)
	resume 1f
	movs r3, #1
	cmp r3, #1
	ite eq
buswrite:
	strbeq r3, [r4, #1]
	movne r3, #9
1:	FAULTED(buswrite, 0x00008200)
	ldr r0, =BFAR
	ldr r0, [r0]
	EXPECT(r0, 0x60000001)
	resume 1f
	ldr r4, =0x70000001		/* nothing to fetch: the address is the target */
	blx r4
1:	FAULTED(0x70000000, 0x00000100)
	resume 1f
	ldr r4, =(1f)
	bic r4, #1
	bx r4				/* not Thumb */
	.balign 4
1:	FAULTED(1b, 0x00020000)
	poke CCR, 0x210			/* DIV_0_TRP */
	resume 1f
	movs r4, #7
	movs r5, #0
	nop
divide:
	udiv r6, r4, r5
1:	FAULTED(divide, 0x02000000)
	movs r5, #2
	udiv r6, r4, r5
	EXPECT(r6, 3)
	resume 1f
	mov r4, #0x40000000		/* memory of devices is never unaligned */
	orr r4, #0x20000
unaligned:
	ldr r5, [r4, #1]
1:	FAULTED(unaligned, 0x01000000)
	ldr r4, =0xE000ED88
	movs r5, #0
	str r5, [r4]
	dsb
	isb
	resume 1f
	nop
nocp:
	vmov s0, r4
1:	FAULTED(nocp, 0x00080000)
	PASS
	.thumb_func
usagefault:
	.thumb_func
busfault:
	.thumb_func
memmanage:
	ldr r0, =CFSR
	ldr r1, [r0]
	str r1, [r0]
	ldr r2, =seen
	str r1, [r2]
	ldr r3, [sp, #24]
	str r3, [r2, #4]
	ldr r3, [r2, #8]
	str r3, [sp, #24]
	ldr r3, [sp, #28]		/* Thumb, and out of any IT block */
	bic r3, #0x06000000
	bic r3, #0xFC00
	orr r3, #0x01000000
	str r3, [sp, #28]
	bx lr
	.ltorg
	.bss
seen:	.space 12
