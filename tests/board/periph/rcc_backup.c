/*
 * RCC_BDCR is for who has set DBP; the RTC's source is chosen once, until the domain is
 * reset; a reset of the system changes nothing in it (RM0090 5.1.2, 7.3.20).
 */
#include "rule.h"

static KEPT unsigned stage;

static void first(void)
{
	RCC_BDCR = 2u << 8;
	EXPECT(RCC_BDCR, 0);
	RCC_APB1ENR |= BIT(28);
	PWR_CR |= PWR_CR_DBP;
	RCC_BDCR = 2u << 8 | BIT(15);
	EXPECT(RCC_BDCR, 0x8200);
	RCC_BDCR = 1u << 8 | BIT(15);
	EXPECT(RCC_BDCR, 0x8200);
	RTC_BKPR(0) = 0x12345678;
	RTC_BKPR(19) = 0x9ABCDEF0;
	PWR_CR &= ~PWR_CR_DBP;
	RTC_BKPR(0) = 0;
	EXPECT(RTC_BKPR(0), 0x12345678);
	stage = 1;
	system_reset();
}

static void second(void)
{
	EXPECT(RCC_BDCR, 0x8200);
	EXPECT(RTC_BKPR(0), 0x12345678);
	EXPECT(RTC_BKPR(19), 0x9ABCDEF0);
	RCC_BDCR = BIT(16);
	EXPECT(RCC_BDCR, 0x8200); /* DBP is back at 0 */
	RCC_APB1ENR |= BIT(28);
	PWR_CR |= PWR_CR_DBP;
	RCC_BDCR |= BIT(16);
	RCC_BDCR &= ~BIT(16);
	EXPECT(RCC_BDCR, 0);
	EXPECT(RTC_BKPR(0), 0);
	EXPECT(RTC_BKPR(19), 0);
	RCC_BDCR = 1u << 8;
	EXPECT(RCC_BDCR, 0x100);
	/* the crystal for the clock is not fitted on this board */
	RCC_BDCR |= BIT(0);
	EXPECT(COMES(RCC_BDCR & BIT(1), 1000000), false);
}

void rule(void)
{
	if (fresh())
		stage = 0;
	RCC_CSR |= RCC_CSR_RMVF;
	if (stage == 0)
		first();
	second();
}
