#include "drivers/core.h"

#include "hw/cpu.h"
#include "hw/reg.h"
#include "hw/regs_core.h"

void core_irq_enable(unsigned irq, unsigned priority)
{
	unsigned shift = irq % 4 * 8;

	reg_change(NVIC_IPR(irq / 4), 0xffu << shift, (uint32_t)priority << shift);
	reg_write(NVIC_ISER(irq / 32), 1u << irq % 32);
}

void core_vectors(uint32_t addr)
{
	reg_write(SCB_VTOR, addr);
	cpu_barrier();
}

void core_faults_enable(void)
{
	reg_set(SCB_SHCSR,
		SCB_SHCSR_MEMFAULTENA | SCB_SHCSR_BUSFAULTENA | SCB_SHCSR_USGFAULTENA);
}

void core_quiet(void)
{
	unsigned i;

	reg_write(STK_CTRL, 0);
	reg_write(STK_VAL, 0);
	for (i = 0; i < NVIC_WORDS; i++) {
		reg_write(NVIC_ICER(i), 0xffffffffu);
		reg_write(NVIC_ICPR(i), 0xffffffffu);
	}
	reg_write(SCB_ICSR, SCB_ICSR_PENDSTCLR | SCB_ICSR_PENDSVCLR);
	reg_write(SCB_SHCSR, 0);
	reg_write(MPU_CTRL, 0);
	cpu_barrier();
}

void core_reset(void)
{
	cpu_barrier();
	reg_write(SCB_AIRCR, SCB_AIRCR_VECTKEY | SCB_AIRCR_SYSRESETREQ);
	cpu_barrier();
	cpu_halt();
}
