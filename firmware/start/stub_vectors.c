/* The stub's vector table: it enables no interrupt, so only the core's 16 are there. */
#include "boot/boot.h"
#include "start/start.h"

/* Whatever goes wrong here, flash is to blame: the ROM bootloader, after a reset. */
static void fault(void)
{
	boot_ask();
}

void start_main(void)
{
	stub_run();
}

typedef void vector(void);

struct vectors {
	const uint32_t *stack;
	vector *core[15];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
	start_stack_top,
	{ start_reset, fault, fault, fault, fault, fault, fault, fault, fault, fault,
	  fault, fault, fault, fault, fault }
};
