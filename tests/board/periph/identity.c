/*
 * What the chip says of itself, and what its debug unit keeps (RM0090 38.6, 38.16, 39).
 */
#include "rule.h"

static KEPT unsigned stage;

void rule(void)
{
	if (fresh())
		stage = 0;
	RCC_CSR |= RCC_CSR_RMVF;
	EXPECT(F_SIZE, 1024);
	EXPECT(REG(0x1FFF7A20) >> 16, 1024);
	EXPECT(U_ID(0) != U_ID(1) || U_ID(1) != U_ID(2), true);
	EXPECT(BYTE(0x1FFF7A10), U_ID(0) & 0xFF);
	/* normal memory: of any alignment (PM0214 2.2.4) */
	EXPECT(REG(0x1FFF7A22) & 0xFFFF, 1024);
	EXPECT(REG(0x1FFF7A13), U_ID(0) >> 24 | U_ID(1) << 8);
	EXPECT(DBGMCU_IDCODE & 0xFFF, 0x413);
	DBGMCU_IDCODE = 0;
	EXPECT(DBGMCU_IDCODE & 0xFFF, 0x413);
	if (stage++ == 0) {
		DBGMCU_CR = 0xFFFFFFFF;
		DBGMCU_APB1_FZ = DBGMCU_APB2_FZ = 0xFFFFFFFF;
	}
	EXPECT(DBGMCU_CR, 0xE7);
	EXPECT(DBGMCU_APB1_FZ, 0x06E01DFF);
	EXPECT(DBGMCU_APB2_FZ, 0x00070003);
	if (stage == 1) /* 38.16.3: not reset by the system's */
		system_reset();
}
