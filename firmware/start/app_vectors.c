/* The application's vector table: 16 of the core, [PM0214] 2.3.4, and 82 of the chip. */
#include "app/app.h"
#include "app/fault.h"
#include "drivers/core.h"
#include "drivers/systick.h"
#include "drivers/usart.h"
#include "hw/memory.h"
#include "hw/regs_core.h"
#include "start/start.h"

#define TEXT(x)  #x
#define VALUE(x) TEXT(x)

__attribute__((used)) static void end_by_fault(uint32_t exception, uint32_t sp,
					       uint32_t exc_return)
{
	fault_keep(exception, sp, exc_return);
	core_reset();
}

/*
 * Which exception, its frame's stack, EXC_RETURN; and a stack that is good for certain: the
 * end of RAM, behind what is left alone over resets.
 */
__attribute__((naked)) static void fault(void)
{
	__asm__ volatile("mrs r0, ipsr\n\t"
			 "tst lr, #4\n\t"
			 "ite eq\n\t"
			 "mrseq r1, msp\n\t"
			 "mrsne r1, psp\n\t"
			 "mov r2, lr\n\t"
			 "ldr r3, =(" VALUE(NOINIT_BASE) " + " VALUE(
				 NOINIT_BYTES) ")\n\t"
					       "msr msp, r3\n\t"
					       "b end_by_fault\n\t"
					       ".ltorg");
}

/* Its own frame would hide that of the program. */
__attribute__((naked)) static void nmi(void)
{
	__asm__ volatile("push {r0, lr}\n\t"
			 "bl app_on_nmi\n\t"
			 "pop {r1, lr}\n\t"
			 "cmp r0, #0\n\t"
			 "it ne\n\t"
			 "bxne lr\n\t"
			 "b %c0"
			 :
			 : "i"(fault));
}

typedef void vector(void);

struct vectors {
	const uint32_t *stack;
	vector *core[15];
	vector *irq[IRQ_COUNT];
};

_Static_assert(sizeof(struct vectors) == 4 * (16 + 82), "as the chip has it");

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
	start_stack_top,
	{ start_reset, nmi, fault, fault, fault, fault, fault, fault, fault, fault, fault,
	  fault, fault, fault, systick_tick },
	{ [0 ... IRQ_EXTI0 - 1] = fault,
	  [IRQ_EXTI0] = app_on_button,
	  [IRQ_EXTI0 + 1 ... IRQ_USART3 - 1] = fault,
	  [IRQ_USART3] = usart_receive,
	  [IRQ_USART3 + 1 ... IRQ_COUNT - 1] = fault }
};
