/*
 * The very first instructions, of the stub and of the application alike. The program may
 * have been started by a reset, by the stub, or by the ROM bootloader, which leaves
 * interrupts, a stack of its own and whatever else it used.
 */
#include "app/stack.h"
#include "start/start.h"

__attribute__((used)) static void start_c(void)
{
	const uint32_t *from = start_data_load;
	uint32_t *to;

	for (to = start_data; to < start_data_end;)
		*to++ = *from++;
	for (to = start_bss; to < start_bss_end;)
		*to++ = 0;
	start_main();
}

/*
 * Interrupts off, the main stack, and the paint by which stack_used() tells. In assembler,
 * since a stack that the compiler has put something on can be neither moved nor painted.
 */
__attribute__((naked)) void start_reset(void)
{
	__asm__ volatile("cpsid i\n\t"
			 "movs r0, #0\n\t"
			 "msr control, r0\n\t"
			 "isb\n\t"
			 "ldr r0, =start_stack_top\n\t"
			 "msr msp, r0\n\t"
			 "ldr r1, =start_stack_bottom\n\t"
			 "ldr r2, =%c0\n"
			 "1:\n\t"
			 "cmp r1, r0\n\t"
			 "bhs 2f\n\t"
			 "str r2, [r1], #4\n\t"
			 "b 1b\n"
			 "2:\n\t"
			 "b start_c\n\t"
			 ".ltorg"
			 :
			 : "i"(STACK_PAINT));
}
