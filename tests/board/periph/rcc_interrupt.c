/*
 * A clock that gets ready sets its flag where it is enabled, until CIR clears it
 * (7.3.4).
 */
#include "rule.h"

#define LSIRDYF  BIT(0)
#define HSERDYF  BIT(3)
#define LSIRDYIE BIT(8)
#define HSERDYIE BIT(11)
#define HSERDYC  BIT(19)

static volatile uint32_t seen;

static void on_rcc(void)
{
	seen = RCC_CIR;
	RCC_CIR |= HSERDYC;
}

void rule(void)
{
	RCC_CSR |= RCC_CSR_LSION; /* not enabled: no flag */
	EXPECT(COMES(RCC_CSR & RCC_CSR_LSIRDY, 16000), true);
	EXPECT(RCC_CIR, 0);
	RCC_CIR = HSERDYIE;
	on_irq(RCC_IRQ, on_rcc);
	RCC_CR |= RCC_CR_HSEON;
	EXPECT(COMES(seen, 160000), true);
	EXPECT(seen, HSERDYIE | HSERDYF);
	EXPECT(RCC_CIR, HSERDYIE);
	EXPECT(RCC_CR & RCC_CR_HSERDY, RCC_CR_HSERDY);
}
