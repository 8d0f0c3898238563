/* Memory of devices and the system's is never executed: MemManage, IACCVIOL, and no
   address (B3.1, B3.2.15). */
#include "rule.inc"
#define SHCSR 0xE000ED24
#define CFSR  0xE000ED28
start:
	poke SHCSR, 0x00070000
	ldr r4, =0x40000001
	ldr r6, =1f
	blx r4
1:	ldr r5, =seen
	ldr r5, [r5]
	EXPECT(r5, 0x40000000)
	ldr r4, =0xE000E001
	ldr r6, =1f
	blx r4
1:	ldr r5, =seen
	ldr r5, [r5]
	EXPECT(r5, 0xE000E000)
	ldr r5, =trace
	ldr r5, [r5]
	EXPECT(r5, 0x11)
	PASS
	.thumb_func
memmanage:
	mark 1
	peek CFSR
	EXPECT(r0, 0x00000001)
	ldr r1, =CFSR
	str r0, [r1]
	ldr r0, [sp, #24]
	ldr r1, =seen
	str r0, [r1]
	str r6, [sp, #24]
	bx lr
	.ltorg
	.bss
seen:	.space 4
