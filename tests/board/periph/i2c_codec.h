/* I2C1 and the codec that hangs on it, for the programs that talk to it (RM0090 27.6). */
#ifndef I2C_CODEC_H
#define I2C_CODEC_H

#include "rule.h"

/* SR1 */
#define SB   BIT(0)
#define ADDR BIT(1)
#define BTF  BIT(2)
#define RXNE BIT(6)
#define TXE  BIT(7)
#define AF   BIT(10)
/* CR1 */
#define PE    BIT(0)
#define START BIT(8)
#define STOP  BIT(9)
#define ACK   BIT(10)
#define POS   BIT(11)

#define CODEC 0x94u

static inline bool flag(uint32_t flag)
{
	return COMES(I2C_SR1(I2C1) & flag, 20000);
}

#endif
