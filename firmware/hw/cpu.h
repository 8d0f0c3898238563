/* What only instructions of the core can do: [PM0214] 3.10, and the MSR of 3.10.7. */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

#if __STDC_HOSTED__

void cpu_irq_on(void);
void cpu_barrier(void);
void cpu_sleep(void);
void cpu_halt(void);
void cpu_start(uint32_t sp, uint32_t pc);

#else

static inline void cpu_irq_on(void)
{
	__asm__ volatile("cpsie i" ::: "memory");
}

/* Whatever was written has arrived, and is what the next instruction sees. */
static inline void cpu_barrier(void)
{
	__asm__ volatile("dsb\n\tisb" ::: "memory");
}

/* Until an interrupt. */
static inline void cpu_sleep(void)
{
	__asm__ volatile("dsb\n\twfi" ::: "memory");
}

/* After a reset has been asked for; the watchdog ends it should that not come. */
static inline void cpu_halt(void)
{
	for (;;)
		;
}

/* As the core starts after a reset: main stack, interrupts on. Does not come back. */
static inline void cpu_start(uint32_t sp, uint32_t pc)
{
	__asm__ volatile("msr msp, %0\n\t"
			 "cpsie i\n\t"
			 "bx %1"
			 :
			 : "r"(sp), "r"(pc)
			 : "memory");
}

#endif
#endif
