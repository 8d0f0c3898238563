/*
 * A pre-emptive kernel as RTOSes build theirs on this core: threads on the process stack,
 * switched by PendSV in its lowest priority, the floating point context only of those that
 * have one, SysTick as the clock, SVC as the way in, BASEPRI as the lock.
 */
#include "style.h"

#define THREADS     3
#define STACK_WORDS 256
#define LOCKED      0x50u /* SysTick's priority and what lies below are held off */
#define TICKS       200
#define ROUNDS      400

struct thread {
	uint32_t *sp;
	uint32_t stack[STACK_WORDS] __attribute__((aligned(8)));
};

static struct thread threads[THREADS];
struct thread *running;
struct thread *next;
static volatile uint32_t ticks, switches, shared;
static volatile bool done[THREADS];

static void lock(void)
{
	__asm volatile("msr basepri, %0\n\tisb" ::"r"(LOCKED) : "memory");
}

static void unlock(void)
{
	__asm volatile("msr basepri, %0" ::"r"(0) : "memory");
}

/* The next thread in turn */
__attribute__((used)) static void choose(void)
{
	unsigned at = (unsigned)(running - threads);

	next = &threads[(at + 1) % THREADS];
	switches++;
}

/* The frame's EXC_RETURN tells whether it has floating point: so has what is saved here. */
__attribute__((naked)) void pendsv_handler(void)
{
	__asm volatile("mrs r0, psp\n\t"
		       "tst lr, #0x10\n\t"
		       "it eq\n\t"
		       "vstmdbeq r0!, {s16-s31}\n\t"
		       "stmdb r0!, {r4-r11, lr}\n\t"
		       "ldr r4, =running\n\t"
		       "ldr r1, [r4]\n\t"
		       "str r0, [r1]\n\t"
		       "mov r0, #0x50\n\t"
		       "msr basepri, r0\n\t"
		       "dsb\n\t"
		       "isb\n\t"
		       "bl choose\n\t"
		       "mov r0, #0\n\t"
		       "msr basepri, r0\n\t"
		       "ldr r1, =next\n\t"
		       "ldr r1, [r1]\n\t"
		       "str r1, [r4]\n\t"
		       "ldr r0, [r1]\n\t"
		       "ldmia r0!, {r4-r11, lr}\n\t"
		       "tst lr, #0x10\n\t"
		       "it eq\n\t"
		       "vldmiaeq r0!, {s16-s31}\n\t"
		       "msr psp, r0\n\t"
		       "isb\n\t"
		       "bx lr");
}

/* Starts the first thread, from the main stack */
__attribute__((naked)) void svc_handler(void)
{
	__asm volatile("ldr r1, =running\n\t"
		       "ldr r1, [r1]\n\t"
		       "ldr r0, [r1]\n\t"
		       "ldmia r0!, {r4-r11, lr}\n\t"
		       "msr psp, r0\n\t"
		       "isb\n\t"
		       "bx lr");
}

void systick_handler(void)
{
	ticks++;
	SCB_ICSR = PENDSVSET;
}

static void yield(void)
{
	SCB_ICSR = PENDSVSET;
	__asm volatile("dsb\n\tisb");
}

/* Registers and sums of the two that compute must survive every switch. */
static void integers(void)
{
	uint32_t a = 1, sum = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < 500; i++) {
			a = a * 1664525 + 1013904223;
			sum ^= a >> 7;
		}
		lock();
		shared++;
		unlock();
	}
	EXPECT(sum, 0x01f3bcac);
	done[0] = true;
	for (;;)
		yield();
}

static void floats(void)
{
	float x = 1.0f, y = 0.5f, z = 0.25f;
	union {
		float value;
		uint32_t bits;
	} sum = { 0.0f };

	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < 500; i++) {
			x = x * 0.9990234375f + y;
			y = y * 0.5f + z;
			sum.value += x * 0.0078125f;
		}
		if (round % 3 == 0)
			yield();
		lock();
		shared++;
		unlock();
	}
	EXPECT(sum.bits, 0x494250ca);
	done[1] = true;
	for (;;)
		yield();
}

/* No floating point of its own until late, and the only one that sleeps */
static void waits(void)
{
	uint32_t control, until = ticks + TICKS;
	volatile float late = 3.0f;

	while (ticks < until || !done[0] || !done[1])
		__asm volatile("wfi");
	late = late * 2.0f;
	__asm volatile("mrs %0, control" : "=r"(control));
	EXPECT(late == 6.0f, true);
	EXPECT(control, 6); /* SPSEL and FPCA */
	EXPECT(shared, 2 * ROUNDS);
	EXPECT_WITHIN(switches, TICKS, 100000);
	style_end();
}

static void make(struct thread *thread, void (*entry)(void))
{
	uint32_t *frame = thread->stack + STACK_WORDS - 8 - 9;

	frame[8] =
		0xFFFFFFFD; /* for LR: to a thread on the process stack, without floats */
	frame[9 + 6] = (uint32_t)entry & ~1u;
	frame[9 + 7] = 1u << 24;
	thread->sp = frame;
}

int main(void)
{
	style_start();
	make(&threads[0], integers);
	make(&threads[1], floats);
	make(&threads[2], waits);
	running = &threads[0];
	SCB_SHPR[14 - 4] = 0xF0;
	SCB_SHPR[15 - 4] = 0xF0;
	SYST_RVR = 168000 - 1;
	SYST_CVR = 0;
	SYST_CSR = 7;
	__asm volatile("svc #0");
	return 0;
}
