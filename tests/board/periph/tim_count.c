/*
 * Each of the fourteen timers counts its clock, which is that of the processor divided as
 * the APBs are, but twice as fast if they are divided at all (RM0090 7.2, 17.3.1).
 */
#include "rule.h"

static const struct row {
	const char *name;
	uint32_t tim;
	unsigned divider; /* of 168 MHz */
} rows[] = {
	{ "TIM1", TIM1, 1 },   { "TIM2", TIM2, 2 },   { "TIM3", TIM3, 2 },
	{ "TIM4", TIM4, 2 },   { "TIM5", TIM5, 2 },   { "TIM6", TIM6, 2 },
	{ "TIM7", TIM7, 2 },   { "TIM8", TIM8, 1 },   { "TIM9", TIM9, 1 },
	{ "TIM10", TIM10, 1 }, { "TIM11", TIM11, 1 }, { "TIM12", TIM12, 2 },
	{ "TIM13", TIM13, 2 }, { "TIM14", TIM14, 2 },
};

static void hold(const struct row *row, uint32_t prescaler)
{
	uint32_t cycles, ticks;

	TIM_PSC(row->tim) = prescaler - 1;
	TIM_EGR(row->tim) = TIM_UIF;
	TIM_CR1(row->tim) = TIM_CEN;
	irqs_off();
	cycles = DWT_CYCCNT;
	ticks = TIM_CNT(row->tim);
	wait_cycles(10000);
	ticks = TIM_CNT(row->tim) - ticks;
	cycles = DWT_CYCCNT - cycles;
	cycles /= row->divider * prescaler;
	expect_of(__LINE__, "ticks are those of the clock", row->name,
		  ticks - cycles + 2 <= 4, true);
	TIM_CR1(row->tim) = 0;
	ticks = TIM_CNT(row->tim);
	wait_cycles(1000);
	expect_of(__LINE__, "CNT, stopped,", row->name, TIM_CNT(row->tim), ticks);
}

void rule(void)
{
	RCC_APB1ENR |= 0x1FF;
	RCC_APB2ENR |= BIT(0) | BIT(1) | BIT(16) | BIT(17) | BIT(18);
	clock_168_mhz();
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hold(&rows[i], 1);
		hold(&rows[i], 7);
	}
}
