/* The regulator's scale and when it is ready (RM0090 5.1.3, 5.4.1, 5.4.2). */
#include "rule.h"

void rule(void)
{
	RCC_APB1ENR |= BIT(28);
	EXPECT(COMES(PWR_CSR & PWR_CSR_VOSRDY, 160000), true);
	PWR_CR &= ~PWR_CR_VOS;
	EXPECT(PWR_CR, 0);
	EXPECT(COMES(PWR_CSR & PWR_CSR_VOSRDY, 160000), true);
	PWR_CR |= PWR_CR_VOS;
	EXPECT(COMES(PWR_CSR & PWR_CSR_VOSRDY, 160000), true);
	PWR_CR |= BIT(4) | 7u << 5; /* PVD at 2.9 V: the board has 3.0 */
	wait_cycles(1000);
	EXPECT(PWR_CSR & BIT(2), 0); /* PVDO */
}
