/*
 * A small program for what is outside the chip. LD4 blinks, LD3 shines while the button is
 * pressed, LD6 shines at a quarter by PWM. On USART3 (PD8, PD9; 115200) it says "hello",
 * counts the presses and echoes what it gets, but for
 *
 *	~	locks the processor up
 *	^	resets the chip
 *	@	reads a register that nobody modelled
 *
 * It runs at 16 MHz from HSI and sleeps in between, without a single handler: what is
 * pending ends WFI.
 */
	.syntax unified
	.cpu cortex-m4
	.thumb

#define RCC     0x40023800
#define GPIOA   0x40020000
#define GPIOD   0x40020C00
#define USART3  0x40004800
#define TIM4    0x40000800
#define SYSTICK 0xE000E010
#define SCB     0xE000ED00
#define ISER1   0xE000E104
#define ICPR1   0xE000E284
#define CAN1    0x40006400

#define USART3_IRQ (1 << (39 - 32))
#define TICKS_BLINK 100 /* ms */

	.section .vectors, "a"
	.word 0x20020000
	.word start
	.rept 14
	.word 0
	.endr

	/* r0 = \value goes to \base + \offset */
	.macro write base, offset, value
	ldr r1, =\base
	ldr r0, =\value
	str r0, [r1, #\offset]
	.endm

	.text
	.thumb_func
	.global start
start:
	cpsid i
	write RCC, 0x30, (1 << 3 | 1 << 0)
	write RCC, 0x40, (1 << 18 | 1 << 2)
	/* PD8 and PD9: AF7; PD12, PD13: outputs; PD15: AF2 */
	write GPIOD, 0x24, 0x20000077
	write GPIOD, 0x00, 0x850A0000
	/* TIM4: 1 kHz, channel 4 high for a quarter of the time */
	write TIM4, 0x28, 15
	write TIM4, 0x2C, 999
	write TIM4, 0x40, 250
	write TIM4, 0x1C, 0x6000
	write TIM4, 0x20, 0x1000
	write TIM4, 0x00, 1
	write USART3, 0x08, 139
	write USART3, 0x0C, 0x202C
	write ISER1, 0, USART3_IRQ
	write SYSTICK, 4, 15999
	write SYSTICK, 0, 7
	movs r4, #0 /* the button */
	movs r5, #0 /* how often it was pressed */
	movs r6, #TICKS_BLINK
	adr r0, hello
	bl print

loop:
	wfi
	ldr r1, =SCB
	ldr r0, [r1, #4]
	tst r0, #(1 << 26) /* PENDSTSET */
	beq 1f
	mov r0, #(1 << 25)
	str r0, [r1, #4]
	bl tick
1:	ldr r1, =USART3
	ldr r0, [r1, #0]
	tst r0, #(1 << 5)
	beq 2f
	ldr r0, [r1, #4]
	bl got
2:	ldr r1, =ICPR1
	mov r0, #USART3_IRQ
	str r0, [r1]
	b loop

	/* every millisecond */
tick:
	push {r7, lr}
	subs r6, #1
	bne 1f
	movs r6, #TICKS_BLINK
	ldr r1, =GPIOD
	ldr r0, [r1, #0x14]
	eor r0, #(1 << 12)
	str r0, [r1, #0x14]
1:	ldr r1, =GPIOA
	ldr r0, [r1, #0x10]
	and r0, #1
	cmp r0, r4
	beq 3f
	mov r4, r0
	ldr r1, =GPIOD
	ldr r2, =(1 << 29) /* BSRR: LD3 off */
	cbz r0, 2f
	ldr r2, =(1 << 13)
2:	str r2, [r1, #0x18]
	cbz r0, 3f
	adds r5, #1
	adr r0, press
	bl print
	bl decimal
	adr r0, end
	bl print
3:	pop {r7, pc}

	/* the byte r0 came */
got:
	cmp r0, #'~'
	beq lock_up
	cmp r0, #'^'
	beq reset
	cmp r0, #'@'
	bne put
	ldr r1, =CAN1
	ldr r2, [r1]
	b put

lock_up:
	movs r1, #0
	msr msp, r1
	udf #0
reset:
	write SCB, 0xC, 0x05FA0004
	b .

	/* the byte r0 */
put:
	ldr r1, =USART3
1:	ldr r2, [r1, #0]
	tst r2, #(1 << 7)
	beq 1b
	str r0, [r1, #4]
	bx lr

	/* the text at r0 */
print:
	push {r7, lr}
	mov r7, r0
1:	ldrb r0, [r7], #1
	cbz r0, 2f
	bl put
	b 1b
2:	pop {r7, pc}

	/* r5, below 100 */
decimal:
	push {r7, lr}
	movs r1, #10
	udiv r7, r5, r1
	cbz r7, 1f
	add r0, r7, #'0'
	bl put
1:	movs r1, #10
	mls r0, r7, r1, r5
	adds r0, #'0'
	bl put
	pop {r7, pc}

	.align 2
hello:	.asciz "hello\r\n"
	.align 2
press:	.asciz "press "
	.align 2
end:	.asciz "\r\n"
	.align 2
