/*
 * What the board does not model is there, and shows its reset values whatever is
 * written.
 */
#include "rule.h"

#define FSMC 0xA0000000u

void rule(void)
{
	EXPECT(REG(CAN1), 0); /* no clock */
	RCC_AHB3ENR = BIT(0);
	RCC_APB1ENR |= BIT(25) | BIT(29);
	RCC_APB2ENR |= BIT(11);
	EXPECT(REG(CAN1 + 0x00), 0x00010002); /* MCR */
	EXPECT(REG(CAN1 + 0x04), 0x00000C02); /* MSR */
	EXPECT(REG(CAN1 + 0x08), 0x1C000000); /* TSR */
	EXPECT(REG(CAN1 + 0x1C), 0x01230000); /* BTR */
	REG(CAN1 + 0x00) = 0;
	EXPECT(REG(CAN1 + 0x00), 0x00010002);
	EXPECT(REG(DAC + 0x00), 0);
	EXPECT(REG(SDIO + 0x34), 0);
	EXPECT(REG(FSMC + 0x00), 0x000030DB); /* BCR1 */
	EXPECT(REG(FSMC + 0x08), 0x000030D2); /* BCR2 */
	EXPECT(REG(FSMC + 0x04), 0x0FFFFFFF); /* BTR1 */
	EXPECT(REG(FSMC + 0x60), 0x00000018); /* PCR2 */
	EXPECT(BYTE(FSMC + 0xB3), 0xFC);      /* PIO4 */
}
