/*
 * Registers of the codec written and read in a row: three bytes as the manual has it for
 * more than two, two bytes with POS, and what BTF says of both (RM0090 27.3.3).
 */
#include "i2c_codec.h"

#define INCR 0x80u

static void address(uint32_t address)
{
	I2C_CR1(I2C1) |= START;
	EXPECT(flag(SB), true);
	I2C_DR(I2C1) = address;
	EXPECT(flag(ADDR), true);
}

static void stop(void)
{
	I2C_CR1(I2C1) |= STOP;
	EXPECT(COMES(!(I2C_SR2(I2C1) & 2), 20000), true);
}

static void send(const uint8_t *bytes, unsigned count)
{
	address(CODEC);
	(void)I2C_SR2(I2C1);
	for (; count > 0; count--) {
		EXPECT(flag(TXE), true);
		I2C_DR(I2C1) = *bytes++;
	}
	EXPECT(flag(BTF), true);
}

static void read_three(uint8_t to[3])
{
	I2C_CR1(I2C1) |= ACK;
	address(CODEC | 1);
	(void)I2C_SR2(I2C1);
	EXPECT(flag(BTF), true); /* one in DR, one behind it: the clock is held */
	I2C_CR1(I2C1) &= ~ACK;
	to[0] = (uint8_t)I2C_DR(I2C1);
	EXPECT(flag(BTF), true);
	I2C_CR1(I2C1) |= STOP;
	to[1] = (uint8_t)I2C_DR(I2C1);
	EXPECT(flag(RXNE), true);
	to[2] = (uint8_t)I2C_DR(I2C1);
	EXPECT(COMES(!(I2C_SR2(I2C1) & 2), 20000), true);
}

static void read_two(uint8_t to[2])
{
	I2C_CR1(I2C1) |= ACK | POS;
	address(CODEC | 1);
	(void)I2C_SR2(I2C1);
	I2C_CR1(I2C1) &= ~ACK;
	EXPECT(flag(BTF), true);
	I2C_CR1(I2C1) |= STOP;
	to[0] = (uint8_t)I2C_DR(I2C1);
	to[1] = (uint8_t)I2C_DR(I2C1);
	EXPECT(I2C_SR1(I2C1) & (RXNE | BTF), 0);
	EXPECT(COMES(!(I2C_SR2(I2C1) & 2), 20000), true);
	I2C_CR1(I2C1) &= ~POS;
}

void rule(void)
{
	static const uint8_t written[] = { INCR | 0x1A, 0x12, 0x34, 0x56 };
	static const uint8_t where[] = { INCR | 0x1A };
	uint8_t got[3];

	RCC_AHB1ENR |= BIT(1) | BIT(3);
	RCC_APB1ENR |= BIT(21);
	GPIO_OTYPER(GPIOB) |= BIT(6) | BIT(9);
	pin_function(GPIOB, 6, 4);
	pin_function(GPIOB, 9, 4);
	pin_mode(GPIOD, 4, 1);
	GPIO_BSRR(GPIOD) = BIT(4);
	I2C_CR2(I2C1) = 16;
	I2C_CCR(I2C1) = 80;
	I2C_TRISE(I2C1) = 17;
	I2C_CR1(I2C1) = PE;
	send(written, sizeof(written));
	stop();
	send(where, sizeof(where));
	read_three(got);
	EXPECT(got[0] << 16 | got[1] << 8 | got[2], 0x123456);
	send(where, sizeof(where));
	read_two(got);
	EXPECT(got[0] << 8 | got[1], 0x1234);
}
