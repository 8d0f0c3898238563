/*
 * What tests/cli/gdb.bats looks at with a debugger: functions in flash and in RAM, variables,
 * floating point, an exception, and an end that never comes.
 */
#include <stdint.h>

#define STACK_TOP 0x20004000
#define CPACR     (*(volatile uint32_t *)0xE000ED88)

extern uint32_t data_start[], data_end[], data_from[], bss_start[], bss_end[];

volatile uint32_t rounds;        /* of the loop */
volatile uint32_t calls;         /* of the handler */
volatile uint32_t marks[4];      /* one is set in each round */
volatile uint32_t kept = 0x600d; /* by the start */
volatile float half;

__attribute__((noinline)) uint32_t twice(uint32_t n)
{
	uint32_t sum = n + n;

	return sum;
}

__attribute__((noinline, section(".in_ram"))) uint32_t thrice(uint32_t n)
{
	return n * 3;
}

__attribute__((noinline)) void inside(void)
{
	calls++;
}

void svc_handler(void)
{
	inside();
}

__attribute__((noinline)) void ask(uint32_t what)
{
	register uint32_t r0 __asm__("r0") = what;

	__asm__ volatile("svc 0" : "+r"(r0) : : "memory");
}

static void work(void)
{
	uint32_t (*volatile in_ram)(uint32_t) = thrice;

	marks[rounds % 4] = twice(rounds) + in_ram(rounds);
	half = (float)rounds / 2.0f;
	ask(rounds);
	rounds++;
}

void start(void)
{
	for (uint32_t *to = data_start, *from = data_from; to < data_end;)
		*to++ = *from++;
	for (uint32_t *at = bss_start; at < bss_end;)
		*at++ = 0;
	CPACR |= 0xFu << 20;
	__asm__ volatile("dsb\n isb");
	for (;;)
		work();
}

static void stop(void)
{
	for (;;)
		;
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
	(void (*)(void))STACK_TOP,
	start,
	stop,
	stop,
	stop,
	stop,
	stop,
	0,
	0,
	0,
	0,
	svc_handler,
	stop,
	0,
	stop,
	stop,
};
