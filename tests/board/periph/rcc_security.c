/*
 * The clock security system: a crystal that fails while the system runs from it is an
 * NMI, and HSI the clock (RM0090 7.2.7).
 */
#include "rule.h"

#define CSSF BIT(7)
#define CSSC BIT(23)

static volatile unsigned failures;
static volatile uint32_t cir;

static void on_nmi(void)
{
	cir = RCC_CIR;
	failures++;
	RCC_CIR = CSSC;
}

void rule(void)
{
	on_exception(2, on_nmi);
	clock_168_mhz();
	RCC_CR |= RCC_CR_CSSON;
	EXPECT(failures, 0);
	by_hand("no crystal");
	barrier();
	EXPECT(failures, 1);
	EXPECT(cir, CSSF);
	EXPECT(RCC_CIR, 0);
	EXPECT(RCC_CFGR & (RCC_CFGR_SW | RCC_CFGR_SWS), 0);
	EXPECT(RCC_CR & (RCC_CR_HSEON | RCC_CR_HSERDY | RCC_CR_PLLON | RCC_CR_PLLRDY), 0);
	EXPECT(RCC_CR & (RCC_CR_HSION | RCC_CR_HSIRDY), RCC_CR_HSION | RCC_CR_HSIRDY);
	RCC_CR |= RCC_CR_HSEON;
	EXPECT(COMES(RCC_CR & RCC_CR_HSERDY, 160000), false);
}
