/* The CRC unit takes words, the high bit first, and starts over by CR (RM0090 4.3). */
#include "rule.h"

void rule(void)
{
	RCC_AHB1ENR |= BIT(12);
	CRC_DR = 0;
	EXPECT(CRC_DR, 0xC704DD7B); /* CRC-32/MPEG-2 of four zeros */
	CRC_CR = 1;
	EXPECT(CRC_DR, 0xFFFFFFFF);
	EXPECT(CRC_CR, 0); /* the bit clears itself */
	CRC_DR = 0x12345678;
	EXPECT(CRC_DR, 0xDF8A8A2B);
	/* IDR is a byte, which a reset of the unit leaves alone */
	CRC_IDR = 0xFFFFFFA5;
	CRC_CR = 1;
	EXPECT(CRC_IDR, 0xA5);
}
