/* CCR.UNALIGN_TRP: an unaligned access is a UsageFault. (qemu lets it pass.) */
#include "rule.inc"
#define CCR  0xE000ED14
#define CFSR 0xE000ED28
start:
	poke 0xE000ED24, 0x00070000
	ldr r4, =0x20001000
	ldr r0, =0x44332211
	str r0, [r4]
	str r0, [r4, #4]
	ldr r0, [r4, #1]
	EXPECT(r0, 0x11443322)
	movs r6, #0
	poke CCR, 0x208
	movs r6, #4			/* bytes of the instructions below */
	ldr.w r0, [r4, #1]
	ldrh.w r0, [r4, #1]
	str.w r0, [r4, #2]
	adds r4, #2
	ldm.w r4, {r0, r1}
	subs r4, #2
	movs r6, #0
	ldrh r0, [r4, #2]
	EXPECT(r0, 0x4433)
	poke CCR, 0x200
	ldr r0, [r4, #1]
	EXPECT(r0, 0x11443322)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x1111)
	PASS
	.thumb_func
usagefault:
	mark 1
	peek CFSR
	EXPECT(r0, 0x01000000)
	ldr r1, =CFSR
	str r0, [r1]
	ldr r0, [sp, #24]
	adds r0, r6
	str r0, [sp, #24]
	cbz r6, 1f
	bx lr
1:	mov r7, #999
	b finish
