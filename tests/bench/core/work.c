/*
 * What the virtual processor is measured with, one kind of work a program: WORK is its
 * name. It ends as semihosting has it, under qemu-system-arm and on the board.
 */
#include <stdint.h>

#define INTEGER 1
#define MEMORY  2
#define HARD    3
#define SOFT    4
#define SHA256  5
#define ACCESS  6
#define NOTHING 7
#define IDLE    8

static uint32_t words[2048];
volatile uint32_t sink;

#if WORK == INTEGER
static uint32_t work(void)
{
	uint32_t a = 1, b = 2;

	for (uint32_t i = 0; i < 30000000; i++) {
		a = a * 1103515245u + 12345u;
		if (a & 0x10000)
			b ^= a >> 3;
		else
			b += a;
		b = b << 5 | b >> 27;
	}
	return b;
}
#elif WORK == MEMORY
static uint32_t work(void)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < 30000; i++) {
		for (unsigned k = 0; k < 1024; k++)
			words[k] = words[k + 1024] + k;
		for (unsigned k = 0; k < 1024; k++) {
			sum += words[k];
			words[k + 1024] = sum;
		}
	}
	return sum;
}
#elif WORK == HARD || WORK == SOFT
#if WORK == HARD
typedef float number;
#define STEPS 5000000
#else
typedef double number;
#define STEPS 1000000
#endif
static uint32_t work(void)
{
	number x = (number)1.5, y = (number)0.3;

	for (uint32_t i = 0; i < STEPS; i++) {
		x = x * (number)0.999 + y;
		y = y * (number)1.001 - x * (number)0.01;
		if (y > 100)
			y = (number)0.3;
	}
	return (uint32_t)(int32_t)(x * 1000);
}
#elif WORK == SHA256
#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* The compression of FIPS 180-4; the round constants are any, for it is not to be right. */
static void compress(uint32_t state[8], const uint32_t *block)
{
	uint32_t w[64], s[8];

	for (int i = 0; i < 16; i++)
		w[i] = block[i];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (ROR(a, 7) ^ ROR(a, 18) ^ a >> 3) + w[i - 7] +
		       (ROR(b, 17) ^ ROR(b, 19) ^ b >> 10);
	}
	for (int i = 0; i < 8; i++)
		s[i] = state[i];
	for (int i = 0; i < 64; i++) {
		uint32_t e = s[4], a = s[0];
		uint32_t t1 = s[7] + (ROR(e, 6) ^ ROR(e, 11) ^ ROR(e, 25)) +
			      ((e & s[5]) ^ (~e & s[6])) +
			      0x428A2F98u * (uint32_t)(i + 1) + w[i];
		uint32_t t2 = (ROR(a, 2) ^ ROR(a, 13) ^ ROR(a, 22)) +
			      ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

		for (int k = 7; k > 0; k--)
			s[k] = s[k - 1];
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

static uint32_t work(void)
{
	uint32_t state[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	for (uint32_t i = 0; i < 60000; i++)
		compress(state, words + (i & 1023));
	return state[0];
}
#elif WORK == ACCESS
static uint32_t work(void)
{
	volatile uint32_t *const moder = (uint32_t *)0x40020C00; /* GPIOD */
	volatile uint32_t *const odr = (uint32_t *)0x40020C14;

	*(volatile uint32_t *)0x40023830 |= 8; /* RCC_AHB1ENR */
	*moder = 0x55000000;
	for (uint32_t i = 0; i < 1000000; i++)
		*odr ^= 0xF000;
	return *odr;
}
#elif WORK == IDLE
static void tick(void)
{
	sink++;
}

/* A tick of 1 kHz, from HSI, and nothing else. */
static uint32_t work(void)
{
	*(volatile uint32_t *)0xE000E014 = 16000 - 1;
	*(volatile uint32_t *)0xE000E018 = 0;
	*(volatile uint32_t *)0xE000E010 = 7;
	for (;;)
		__asm__ volatile("wfi");
}
#else
static uint32_t work(void)
{
	return words[0];
}
#endif

__attribute__((noinline, used)) static void run(void)
{
	static uint32_t outcome[2];
	register uint32_t operation __asm__("r0") = 0x20; /* SYS_EXIT_EXTENDED */
	register uint32_t *argument __asm__("r1") = outcome;

	for (unsigned i = 0; i < 2048; i++)
		words[i] = i;
	sink = work();
	outcome[0] = 0x20026; /* ADP_Stopped_ApplicationExit */
	outcome[1] = 0;
	operation = 0x20;
	argument = outcome;
	__asm__ volatile("bkpt 0xAB" : : "r"(operation), "r"(argument) : "memory");
	for (;;)
		;
}

/* CPACR lets the FPU be used, before any code that might. */
__attribute__((naked, used)) static void reset(void)
{
	__asm__ volatile("ldr r0, =0xE000ED88\n"
			 "ldr r1, =0x00F00000\n"
			 "str r1, [r0]\n"
			 "dsb\n"
			 "isb\n"
			 "b run\n");
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
	(void *)0x2001F000,
	(void *)reset,
#if WORK == IDLE
	[15] = (void *)tick,
#endif
};
