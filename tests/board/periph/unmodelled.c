/*
 * What the board does not model is there, and shows its reset values whatever is
 * written.
 */
#include "rule.h"

#define I2S2EXT 0x40003400u
#define ETH     0x40028000u
#define FSMC    0xA0000000u

void rule(void)
{
	EXPECT(REG(CAN1), 0); /* no clock */
	RCC_AHB3ENR = BIT(0);
	RCC_AHB1ENR |= BIT(25);
	RCC_APB1ENR |= BIT(14) | BIT(25);
	RCC_APB2ENR |= BIT(11);
	EXPECT(REG(CAN1 + 0x00), 0x00010002); /* MCR */
	EXPECT(REG(CAN1 + 0x04), 0x00000C02); /* MSR */
	EXPECT(REG(CAN1 + 0x08), 0x1C000000); /* TSR */
	EXPECT(REG(CAN1 + 0x1C), 0x01230000); /* BTR */
	REG(CAN1 + 0x00) = 0;
	EXPECT(REG(CAN1 + 0x00), 0x00010002);
	EXPECT(REG(I2S2EXT + 0x08), 0x0002);   /* SR */
	EXPECT(REG(ETH + 0x00), 0x00008000);   /* MACCR */
	EXPECT(REG(ETH + 0x1000), 0x00002101); /* DMABMR */
	EXPECT(REG(SDIO + 0x34), 0);
	EXPECT(REG(FSMC + 0x00), 0x000030DB); /* BCR1 */
	EXPECT(REG(FSMC + 0x08), 0x000030D2); /* BCR2 */
	EXPECT(REG(FSMC + 0x04), 0x0FFFFFFF); /* BTR1 */
	EXPECT(REG(FSMC + 0x60), 0x00000018); /* PCR2 */
	EXPECT(BYTE(FSMC + 0xB3), 0xFC);      /* PIO4 */
}
