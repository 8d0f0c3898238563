/*
 * A scheduler without a tick: time is a free running 32 bit timer at 1 MHz, and the next
 * deadline its compare register; nothing else wakes the processor. A deadline that is too
 * near is forced by a software event (EGR), so that it cannot be missed.
 */
#include "style.h"

enum {
	TIM_CR1 = 0x00,
	DIER = 0x0C,
	SR = 0x10,
	EGR = 0x14,
	CNT = 0x24,
	PSC = 0x28,
	ARR = 0x2C,
	CCR1 = 0x34
};

#define ALARMS  3
#define TO_WRAP 2500u /* us until the counter starts over */

static const uint32_t periods[ALARMS] = { 500, 1700, 3 };
static uint32_t due[ALARMS];
static volatile uint32_t fired[ALARMS], latest, wakes;

static uint32_t now(void)
{
	return REG(TIM2 + CNT);
}

static void arm(void)
{
	uint32_t nearest = due[0], at = now();

	for (unsigned i = 1; i < ALARMS; i++)
		if ((int32_t)(due[i] - nearest) < 0)
			nearest = due[i];
	REG(TIM2 + CCR1) = nearest;
	if ((int32_t)(nearest - at) <= 1)
		REG(TIM2 + EGR) = 2;
}

void tim2_handler(void)
{
	REG(TIM2 + SR) = ~2u;
	wakes++;
	for (unsigned i = 0; i < ALARMS; i++) {
		uint32_t late = now() - due[i];

		if ((int32_t)late < 0)
			continue;
		fired[i]++;
		if (late > latest)
			latest = late;
		due[i] += periods[i];
	}
	arm();
}

int main(void)
{
	uint32_t begun, slept = 0;

	style_start();
	REG(RCC + APB1ENR) |= 1;
	REG(TIM2 + PSC) = 84 - 1;
	REG(TIM2 + ARR) = 0xFFFFFFFF;
	REG(TIM2 + EGR) = 1;
	REG(TIM2 + SR) = 0;
	begun = 0u - TO_WRAP;
	REG(TIM2 + CNT) = begun;
	for (unsigned i = 0; i < ALARMS; i++)
		due[i] = begun + periods[i];
	REG(TIM2 + DIER) = 2;
	NVIC_IPR[TIM2_IRQ] = 0x80;
	NVIC_ISER[0] = 1u << TIM2_IRQ;
	REG(TIM2 + TIM_CR1) = 1;
	arm();
	while (now() - begun < 8500) {
		slept++;
		__asm volatile("wfi");
	}
	REG(TIM2 + DIER) = 0;
	EXPECT_WITHIN(now(), 6000, 6010); /* it has started over */
	EXPECT(fired[0], 8500 / 500);
	EXPECT(fired[1], 8500 / 1700);
	EXPECT_WITHIN(fired[2], 8500 / 3, 8500 / 3 + 3);
	EXPECT_WITHIN(latest, 0, 3);
	EXPECT_WITHIN(slept, 1, wakes + 1); /* nothing else woke it */
	return 0;
}
