/*
 * The backup SRAM: a clock and DBP to write it, any width, the regulator's ready bit; it
 * stays over a reset, and over one of the backup domain (RM0090 5.1.2, 7.1.3).
 */
#include "rule.h"

static KEPT unsigned stage;

static void first(void)
{
	RCC_APB1ENR |= BIT(28);
	RCC_AHB1ENR |= BIT(18);
	REG(BKPSRAM) = 0; /* whatever it held: not written */
	PWR_CR |= PWR_CR_DBP;
	REG(BKPSRAM) = 0x01234567;
	REG(BKPSRAM + 0xFFC) = 0x89ABCDEF;
	BYTE(BKPSRAM + 1) = 0x55;
	HALFWORD(BKPSRAM + 0xFFE) = 0xAAAA;
	EXPECT(REG(BKPSRAM), 0x01235567);
	EXPECT(REG(BKPSRAM + 0xFFC), 0xAAAACDEF);
	PWR_CR &= ~PWR_CR_DBP;
	REG(BKPSRAM) = 0;
	EXPECT(REG(BKPSRAM), 0x01235567);
	EXPECT(PWR_CSR & (PWR_CSR_BRE | PWR_CSR_BRR), 0);
	PWR_CSR |= PWR_CSR_BRE;
	EXPECT(COMES(PWR_CSR & PWR_CSR_BRR, 16000), true);
	PWR_CSR &= ~PWR_CSR_BRE;
	EXPECT(PWR_CSR & PWR_CSR_BRR, 0);
	stage = 1;
	system_reset();
}

void rule(void)
{
	if (fresh())
		stage = 0;
	RCC_CSR |= RCC_CSR_RMVF;
	if (stage == 0)
		first();
	EXPECT(REG(BKPSRAM), 0); /* no clock */
	RCC_AHB1ENR |= BIT(18);
	RCC_APB1ENR |= BIT(28);
	EXPECT(REG(BKPSRAM), 0x01235567);
	PWR_CR |= PWR_CR_DBP;
	RCC_BDCR = BIT(16);
	RCC_BDCR = 0;
	EXPECT(REG(BKPSRAM), 0x01235567);
}
