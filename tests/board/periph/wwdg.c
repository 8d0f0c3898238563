/*
 * The window watchdog: a word before it bites, a reset when T6 falls, and one when it is
 * fed above its window (RM0090 22.3 to 22.6).
 */
#include "rule.h"

#define STEP (4096 * 8) /* of PCLK1, with WDGTB 3 */

static KEPT unsigned stage;
static KEPT uint32_t early, waited;
static uint32_t since;

static void on_wwdg(void)
{
	early = DWT_CYCCNT - since;
	WWDG_SR = 0;
	EXPECT(WWDG_CR, 0x80 | 0x40);
}

static void let_it_bite(void)
{
	on_irq(WWDG_IRQ, on_wwdg);
	WWDG_CFR = BIT(9) | 3u << 7 | 0x7F;
	WWDG_CR = 0x80 | 0x45;
	for (since = DWT_CYCCNT;;)
		waited = DWT_CYCCNT - since;
}

static void feed_it_early(void)
{
	WWDG_CFR = 3u << 7 | 0x50;
	WWDG_CR = 0x80 | 0x55;
	while ((WWDG_CR & 0x7F) > 0x50)
		;
	WWDG_CR = 0x80 | 0x55; /* in the window */
	WWDG_CR = 0x55;        /* above it; WDGA cannot be taken back */
	wait_cycles(10);
	UNREACHED();
}

void rule(void)
{
	if (fresh())
		stage = 0;
	if (stage > 0)
		EXPECT(RCC_CSR & RCC_CSR_WWDGRSTF, RCC_CSR_WWDGRSTF);
	RCC_CSR |= RCC_CSR_RMVF;
	RCC_APB1ENR |= BIT(11);
	if (stage++ == 0)
		let_it_bite();
	if (stage == 2) {
		EXPECT_WITHIN(early, 4 * STEP, 5 * STEP + 100);
		EXPECT_WITHIN(waited, early + STEP - 200, early + STEP + 100);
		EXPECT(WWDG_SR, 0);
		feed_it_early();
	}
}
