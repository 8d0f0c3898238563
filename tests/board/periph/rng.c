/*
 * Numbers from the 48 MHz of the PLL: ready bit, time, interrupt, and a clock that is
 * missed.
 */
#include "rule.h"

static volatile unsigned interrupts;
static volatile uint32_t number;

static void on_rng(void)
{
	interrupts++;
	number = RNG_DR;
}

void rule(void)
{
	uint32_t last = 0, since;

	RCC_AHB2ENR |= BIT(6);
	RNG_CR = BIT(2); /* RNGEN without the PLL */
	EXPECT(COMES(RNG_SR & BIT(5), 1000), true);
	EXPECT(RNG_SR, BIT(1) | BIT(5)); /* CECS, CEIS */
	EXPECT(RNG_DR, 0);
	clock_168_mhz();
	EXPECT(COMES(RNG_SR & 1, 1000), true);
	EXPECT(RNG_SR, 1 | BIT(5)); /* CECS went by itself, CEIS stays */
	RNG_SR = 0;
	EXPECT(RNG_SR, 1);
	(void)RNG_DR;
	EXPECT(RNG_SR, 0); /* DRDY went with it */
	for (unsigned i = 0; i < 32; i++) {
		since = DWT_CYCCNT;
		EXPECT(COMES(RNG_SR & 1, 1000), true);
		EXPECT_WITHIN(DWT_CYCCNT - since, 0, 200); /* 40 of 48 MHz */
		number = RNG_DR;
		EXPECT(number != last, true);
		last = number;
	}
	on_irq(RNG_IRQ, on_rng);
	RNG_CR = BIT(2) | BIT(3);
	EXPECT(COMES(interrupts >= 3, 1000), true);
	RNG_CR = 0;
	wait_cycles(300);
	EXPECT(RNG_SR, 0);
}
