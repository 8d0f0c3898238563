/*
 * A fault in the handler of HardFault stops the processor for good, but not the chip: a
 * watchdog ends it, and RAM is as it was (ARMv7-M B1.5.15; RM0090 21.3).
 */
#include "rule.h"

static KEPT unsigned steps;

static void on_fault(void)
{
	steps = steps * 10 + 1;
	__asm__ volatile("udf #1");
	steps = steps * 10 + 2;
}

void rule(void)
{
	if (fresh()) {
		RCC_CSR |= RCC_CSR_RMVF;
		steps = 0;
		IWDG_KR = 0xCCCC;
		on_exception(3, on_fault);
		__asm__ volatile("udf #0");
		UNREACHED();
	}
	EXPECT(RCC_CSR & 0xFE000000, RCC_CSR_IWDGRSTF | RCC_CSR_PINRSTF);
	EXPECT(steps, 1);
}
