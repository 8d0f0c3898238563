/* SVC, its frame and the way back; PendSV behind it (B1.5). */
#include "rule.inc"
start:
	movs r0, #10
	movs r1, #11
	movs r2, #12
	movs r3, #13
	mov r12, r3
	svc #5
after:
	EXPECT(r0, 42)
	EXPECT(r1, 11)
	mov r4, sp
	EXPECT(r4, STACK)
	mrs r4, ipsr
	EXPECT(r4, 0)
	poke ICSR, 0x10000000		/* PENDSVSET */
	dsb
	isb
	ldr r4, =trace
	ldr r4, [r4]
	EXPECT(r4, 0x12)
	PASS
	.thumb_func
svcall:
	mov r4, lr
	EXPECT(r4, 0xFFFFFFF9)
	mrs r4, ipsr
	EXPECT(r4, 11)
	mov r4, sp
	EXPECT(r4, STACK - 0x20)
	ldr r4, [sp, #24]
	EXPECT(r4, after)
	ldrb r4, [r4, #-2]
	EXPECT(r4, 5)
	ldr r4, [sp, #12]
	EXPECT(r4, 13)
	movs r4, #42
	str r4, [sp]
	mark 1
	bx lr
	.thumb_func
pendsv:
	mark 2
	bx lr
